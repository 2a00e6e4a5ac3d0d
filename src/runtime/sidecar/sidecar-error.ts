import {
  InfrastructureError,
  type InfrastructureErrorOptions,
} from '../ports/infrastructure-error.ts'
import { SIDECAR_ERRORS, type SidecarErrorCode } from './sidecar-wire.ts'

/** What a sidecar answers with its `code` and `status` instead of a result. */
export class SidecarError extends InfrastructureError<SidecarErrorCode> {
  override readonly name = 'SidecarError'
  /** When to ask again, ms from now; only with `busy`. */
  readonly retryAfterMs: number | null

  constructor(
    code: SidecarErrorCode,
    message: string,
    options: Omit<InfrastructureErrorOptions, 'status'> & { readonly retryAfterMs?: number } = {},
  ) {
    const { retryAfterMs = null, ...rest } = options
    super(code, message, { ...rest, status: SIDECAR_ERRORS[code] })
    this.retryAfterMs = retryAfterMs
  }
}
