import { InfrastructureError } from '../runtime/ports/infrastructure-error.ts'

/** The command line means nothing: the program ends with 2, and nothing was asked of a gateway. */
export class UsageError extends InfrastructureError<'wrong_usage'> {
  override readonly name = 'UsageError'

  constructor(message: string) {
    super('wrong_usage', message, { status: 400 })
  }
}
