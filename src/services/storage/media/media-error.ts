import {
  InfrastructureError,
  type InfrastructureErrorOptions,
} from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link MediaError}, and the HTTP status that says the same. */
const STATUS = {
  /** The processor cannot do this, or not to this format. */
  unsupported: 501,
  /** An operation is malformed or out of range. */
  invalid_operation: 400,
  /** The object to read is not there, or another version of it. */
  input_not_found: 404,
  /** There are more bytes than the processor takes. */
  input_too_large: 413,
  /** The bytes are no image or video of a kind that the processor reads. */
  unsupported_media: 415,
  /** The bytes are broken, or not what they seem to be. */
  unreadable_media: 422,
  /** More pixels, frames, tracks or seconds than allowed, or more bytes would come out. */
  limit_exceeded: 422,
  /** It took longer than allowed, and was ended. */
  deadline_exceeded: 504,
  /** The processor has as much work as it takes; `retryAfterMs` says when to ask again. */
  busy: 503,
  /** The processor could not be reached, or broke off; whether it worked is not known. */
  unavailable: 503,
  /** The processor could not read or write a store. */
  store_failed: 502,
  /** The processor refused the signature, or answered without one: secrets or clocks differ. */
  unauthorized: 502,
  /** The processor failed. */
  failed: 500,
} as const

/** Stable codes of {@link MediaError}. */
export type MediaErrorCode = keyof typeof STATUS

/** An image or a video could not be read or made. */
export class MediaError extends InfrastructureError<MediaErrorCode> {
  override readonly name = 'MediaError'
  /**
   * When to ask again, ms from now; only with `busy`, and `null` where the processor did not say.
   */
  readonly retryAfterMs: number | null

  constructor(
    code: MediaErrorCode,
    message: string,
    options: Omit<InfrastructureErrorOptions, 'status'> & { readonly retryAfterMs?: number } = {},
  ) {
    const { retryAfterMs = null, ...rest } = options
    super(code, message, { ...rest, status: STATUS[code] })
    this.retryAfterMs = retryAfterMs
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return ['busy', 'unavailable', 'deadline_exceeded', 'store_failed'].includes(this.code)
  }
}
