import { IdempotencyError } from './idempotency-error.ts'

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
