import { InfrastructureError } from '../runtime/ports/infrastructure-error.ts'

/**
 * What a gateway refused, or why it could not be asked. `code` is the gateway's own
 * (`invalid_body`, `missing_scope`, …), or one of the client's: `unreachable`, `timeout`,
 * `not_a_gateway`.
 */
export class GatewayError extends InfrastructureError {
  override readonly name = 'GatewayError'
  /** Names the request in the gateway's log; `null` where it was not reached. */
  readonly requestId: string | null
  /** When to try again, ms from now; `null` where the gateway did not say. */
  readonly retryAfterMs: number | null
  /** How often it was tried. */
  readonly attempts: number

  constructor(
    code: string,
    message: string,
    {
      requestId = null,
      retryAfterMs = null,
      attempts = 1,
      ...options
    }: ErrorOptions & {
      readonly status?: number
      readonly requestId?: string | null
      readonly retryAfterMs?: number | null
      readonly attempts?: number
    } = {},
  ) {
    super(code, message, options)
    this.requestId = requestId
    this.retryAfterMs = retryAfterMs
    this.attempts = attempts
  }
}
