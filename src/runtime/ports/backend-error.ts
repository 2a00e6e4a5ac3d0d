import { InfrastructureError } from './infrastructure-error.ts'

/** Stable codes of {@link BackendError}. */
export type BackendErrorCode =
  /**
   * The backend could not be reached or broke the connection; whether a write took effect is not
   * known.
   */
  | 'backend_unavailable'
  /** The backend answered, but refused: it is overloaded. Do not retry at once. */
  | 'backend_overloaded'
  /** The backend answered with something it must not answer. */
  | 'backend_failed'

/** A backend could not do what a port promises; `cause` holds the vendor's own error. */
export class BackendError extends InfrastructureError<BackendErrorCode> {
  override readonly name = 'BackendError'

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: code === 'backend_failed' ? 500 : 503 })
  }
}
