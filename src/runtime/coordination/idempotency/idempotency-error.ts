import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/** Stable codes of {@link IdempotencyError}. */
export type IdempotencyErrorCode =
  /** The key was used before with other arguments. */
  | 'idempotency_conflict'
  /** A call with this key is running now. */
  | 'idempotency_in_progress'
  /** The lease ended while the call ran, and another call took over. */
  | 'idempotency_lost'
  /**
   * The call succeeded, but what it returned is no JSON or too large to keep; it will not run
   * again.
   */
  | 'idempotency_result'

/** As the IETF's draft of the `Idempotency-Key` header has them for the first two. */
const STATUS: Readonly<Record<IdempotencyErrorCode, number>> = {
  idempotency_conflict: 422,
  idempotency_in_progress: 409,
  idempotency_lost: 503,
  idempotency_result: 500,
}

/** A call could not be made under its idempotency key. */
export class IdempotencyError extends InfrastructureError<IdempotencyErrorCode> {
  override readonly name: string = 'IdempotencyError'

  constructor(code: IdempotencyErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: STATUS[code] })
  }
}
