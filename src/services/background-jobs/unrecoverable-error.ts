import { JobError } from './job-error.ts'

/** Thrown by a handler to say that no further attempt can succeed: the job is dead at once. */
export class UnrecoverableError extends JobError {
  override readonly name = 'UnrecoverableError'

  constructor(message: string, options?: ErrorOptions) {
    super('unrecoverable', message, options)
  }
}
