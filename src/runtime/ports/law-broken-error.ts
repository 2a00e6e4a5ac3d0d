import { InfrastructureError } from './infrastructure-error.ts'

/** Thrown by a law whose expectation does not hold. */
export class LawBrokenError extends InfrastructureError<'law_broken'> {
  override readonly name = 'LawBrokenError'

  constructor(message: string, options?: ErrorOptions) {
    super('law_broken', message, options)
  }
}
