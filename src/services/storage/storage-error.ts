import {
  InfrastructureError,
  type InfrastructureErrorOptions,
} from '../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link StorageError}, and the HTTP status that says the same. */
const STATUS = {
  /**
   * The key has dot segments, control characters or half a surrogate pair, or is empty or too long.
   */
  invalid_key: 400,
  /** There is no such object. */
  not_found: 404,
  /** There is no such bucket, or it is not ours to see. */
  bucket_not_found: 404,
  /** What `ifMatch` or `ifNoneMatch` asked for does not hold; nothing was written. */
  precondition_failed: 412,
  /** The range begins behind the object's end. */
  range_not_satisfiable: 416,
  /** The bytes that arrived are not those whose checksum was given; nothing was written. */
  checksum_mismatch: 400,
  /** The body is longer or shorter than was said; nothing was written. */
  size_mismatch: 400,
  /** The body is longer than allowed, or than the store takes. */
  too_large: 413,
  /** The credentials are wrong, or may not do this. */
  access_denied: 403,
  /** The store asks for fewer requests. */
  throttled: 503,
  /** The store could not be reached or failed. `mayHaveHappened` says whether it may have acted. */
  unavailable: 503,
  /** The upload was completed, aborted or forgotten. */
  upload_not_found: 404,
  /** Another writer went on with the same upload, or the store has other parts than were sent. */
  upload_conflict: 409,
  /** The body broke off; what had come of it is kept. `cause` is what its stream failed with. */
  interrupted: 400,
  /** Another append to the same upload is running. */
  upload_locked: 423,
  /** What is stored is not what was encrypted, or was encrypted with another key. */
  not_authentic: 502,
  /** Files of the same key are in several places: say which store and bucket. */
  ambiguous_key: 409,
  /** This store, or this processor, cannot do that: see its capabilities. */
  unsupported: 501,
  /** The store answered what no store should. */
  failed: 502,
} as const

/** Stable codes of {@link StorageError}. */
export type StorageErrorCode = keyof typeof STATUS

/** What is known of a {@link StorageError} beside its message. */
export interface StorageErrorOptions extends Omit<InfrastructureErrorOptions, 'status'> {
  readonly mayHaveHappened?: boolean
  readonly retryAfterMs?: number | null
  readonly requestId?: string | null
}

/** Storage could not do what was asked. Its message holds neither keys nor credentials nor URLs. */
export class StorageError extends InfrastructureError<StorageErrorCode> {
  override readonly name = 'StorageError'
  /** Whether the store may have done what was asked all the same: its answer was lost. */
  readonly mayHaveHappened: boolean
  /** When the store wants to be asked again, ms from now; `null` where it does not say. */
  readonly retryAfterMs: number | null
  /** What the store calls the request, for its support. */
  readonly requestId: string | null

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(code, message, { ...options, status: STATUS[code] })
    this.mayHaveHappened = options.mayHaveHappened ?? false
    this.retryAfterMs = options.retryAfterMs ?? null
    this.requestId = options.requestId ?? null
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.code === 'unavailable' || this.code === 'throttled'
  }
}
