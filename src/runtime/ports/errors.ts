/** Stable codes of {@link BackendError}. */
export type BackendErrorCode =
  /** The backend could not be reached or broke the connection; whether a write took effect is not known. */
  | 'backend_unavailable'
  /** The backend answered, but refused: it is overloaded. Do not retry at once. */
  | 'backend_overloaded'
  /** The backend answered with something it must not answer. */
  | 'backend_failed'

/** A backend could not do what a port promises; `cause` holds the vendor's own error. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A free function was called before its service was configured. */
export class NotConfiguredError extends Error {
  override readonly name = 'NotConfiguredError'
  readonly code = 'not_configured'

  /**
   * @param action What could not be done, as in `deliver webhook`
   * @param call The missing call, as in `configureWebhooks({ backend })`
   */
  constructor(action: string, call: string) {
    super(`Cannot ${action}: it is not configured, call ${call} first`)
  }
}
