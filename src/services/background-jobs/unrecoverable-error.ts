import { JobError } from './job-error.ts'

/**
 * Thrown by a handler to say that no further attempt can succeed: the job is dead at once.
 *
 * @example
 * if (response.status === 410) throw new UnrecoverableError('The account is gone')
 */
export class UnrecoverableError extends JobError {
  override readonly name = 'UnrecoverableError'

  constructor(message: string, options?: ErrorOptions) {
    super('unrecoverable', message, options)
  }
}
