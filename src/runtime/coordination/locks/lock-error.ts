/** Stable codes of {@link LockError}. */
export type LockErrorCode =
  /** Somebody else held it for as long as the caller would wait. */
  | 'lock_held'
  /** The lease ended while the work still ran: somebody else may hold it now. */
  | 'lock_lost'

/** A lock or a slot of a semaphore could not be had or kept. */
export class LockError extends Error {
  override readonly name = 'LockError'
  readonly code: LockErrorCode

  constructor(code: LockErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
