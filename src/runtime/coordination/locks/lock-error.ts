import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/** Stable codes of {@link LockError}. */
export type LockErrorCode =
  /** Somebody else held it for as long as the caller would wait. */
  | 'lock_held'
  /** The lease ended while the work still ran: somebody else may hold it now. */
  | 'lock_lost'

const STATUS = { lock_held: 409, lock_lost: 503 } as const

/** A lock or a slot of a semaphore could not be had or kept. */
export class LockError extends InfrastructureError<LockErrorCode> {
  override readonly name = 'LockError'

  constructor(code: LockErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: STATUS[code] })
  }
}
