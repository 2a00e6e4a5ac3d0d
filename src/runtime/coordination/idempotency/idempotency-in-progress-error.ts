import { IdempotencyError } from './idempotency-error.ts'

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
