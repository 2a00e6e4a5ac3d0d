/** Stable codes of {@link IdempotencyError}. */
export type IdempotencyErrorCode =
  /** The key was used before with other arguments. */
  | 'idempotency_conflict'
  /** A call with this key is running now. */
  | 'idempotency_in_progress'
  /** The lease ended while the call ran, and another call took over. */
  | 'idempotency_lost'
  /** The call succeeded, but what it returned is no JSON or too large to keep; it will not run again. */
  | 'idempotency_result'

/** A call could not be made under its idempotency key. */
export class IdempotencyError extends Error {
  override readonly name: string = 'IdempotencyError'
  readonly code: IdempotencyErrorCode

  constructor(code: IdempotencyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The key was used before with other arguments: a mistake of the caller, not to be retried. */
export class IdempotencyConflictError extends IdempotencyError {
  override readonly name = 'IdempotencyConflictError'

  constructor() {
    super(
      'idempotency_conflict',
      'Cannot run call: its idempotency key was used before with other arguments, a new key expected',
    )
  }
}

/** A call with this key is running now, here or elsewhere. */
export class IdempotencyInProgressError extends IdempotencyError {
  override readonly name = 'IdempotencyInProgressError'
  /** When the key is free at the latest, should the running call have crashed. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super(
      'idempotency_in_progress',
      `Cannot run call: one with the same idempotency key is in progress, retry after ${retryAfterMs} ms`,
    )
    this.retryAfterMs = retryAfterMs
  }
}
