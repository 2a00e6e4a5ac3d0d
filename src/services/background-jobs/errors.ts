/** Stable codes of {@link JobError}. */
export type JobErrorCode =
  /** The data of a job does not fit its schema. */
  | 'invalid_data'
  /** The queue has no definition of that name. */
  | 'unknown_job'
  /** An attempt took longer than its `timeout`. */
  | 'timeout'
  /** The handler said that trying again is of no use. */
  | 'unrecoverable'
  /** The handler failed. */
  | 'failed'
  /** The schedule does not exist, or its tick could not be made. */
  | 'schedule'

/** A job could not be added or run. */
export class JobError extends Error {
  override readonly name: string = 'JobError'
  readonly code: JobErrorCode

  constructor(code: JobErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Thrown by a handler to say that no further attempt can succeed: the job is dead at once. */
export class UnrecoverableError extends JobError {
  override readonly name = 'UnrecoverableError'

  constructor(message: string, options?: ErrorOptions) {
    super('unrecoverable', message, options)
  }
}

/** Thrown by a handler to choose when the next attempt comes, as a `Retry-After` header does. */
export class RetryLaterError extends JobError {
  override readonly name = 'RetryLaterError'
  readonly retryAfterMs: number

  /** @param retryAfterMs From now, 0 to 30 days */
  constructor(
    retryAfterMs: number,
    message = 'The job asked to be tried again later',
    options?: ErrorOptions,
  ) {
    super('failed', message, options)
    if (!(retryAfterMs >= 0 && retryAfterMs <= 30 * 86_400_000)) {
      throw new RangeError(
        `Cannot retry later: retryAfterMs is ${retryAfterMs}, 0 to 30 days allowed`,
      )
    }
    this.retryAfterMs = retryAfterMs
  }
}
