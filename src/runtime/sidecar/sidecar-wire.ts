/** Headers of a request to the sidecar and of its answer; docs/sidecar.md says what is in them. */
export const SIDECAR_HEADERS = {
  keyId: 'reuse-key-id',
  timestamp: 'reuse-timestamp',
  nonce: 'reuse-nonce',
  parameters: 'reuse-parameters',
  contentSha256: 'reuse-content-sha256',
  signature: 'reuse-signature',
  result: 'reuse-result',
} as const

/** Limits that both sides keep. */
export const SIDECAR_LIMITS = {
  /** How far the clocks of the two sides may differ; nonces are remembered for twice as long. */
  toleranceMs: 60_000,
  /** Characters of the `reuse-parameters` header, and of `reuse-result`. */
  parametersLength: 8192,
  /** Bytes of a body that is handed over instead of read from a store. A sidecar may allow less. */
  bodyBytes: 67_108_864,
  /** Bytes of an answer: of an image that was made, for example. */
  answerBytes: 67_108_864,
  /** Characters of one event of a stream. */
  eventBytes: 1_048_576,
  /** A secret has at least so many UTF-8 bytes. */
  secretBytes: 16,
  /** Between two signs of life on an event stream, at most. */
  heartbeatMs: 10_000,
} as const

/** What an answer of 4xx or 5xx holds: `{ "error": … }`. */
export interface SidecarFailure {
  readonly code: SidecarErrorCode
  /** A sentence without secrets, keys or content. */
  readonly message: string
  /** Only with `busy`; the `retry-after` header says the same in seconds. */
  readonly retryAfterMs?: number
}

/** The HTTP status of each error code. */
export const SIDECAR_ERRORS = {
  /** Nobody signed this with a known key, or what arrived is not what was signed. */
  signature_mismatch: 401,
  /** Signed longer ago, or further ahead, than `toleranceMs`. */
  timestamp_out_of_range: 401,
  /** The nonce was used before. */
  replayed: 401,
  /** The request is signed and yet malformed: a path, a parameter, an operation. */
  invalid_operation: 400,
  /** The sidecar is configured without this: no such path, format, preset or scanner. */
  unsupported: 501,
  /** No store has this alias, or the object is not there, or it is another version. */
  input_not_found: 404,
  input_too_large: 413,
  unsupported_media: 415,
  unreadable_media: 422,
  limit_exceeded: 422,
  deadline_exceeded: 504,
  /** All places for work are taken. */
  busy: 503,
  store_failed: 502,
  /** clamd does not answer. Never a verdict. */
  scanner_unavailable: 503,
  failed: 500,
  /** Said by a client: no answer came, so whether it worked is not known. */
  unreachable: 503,
  /** Said by a client: the answer is not signed with our key, or longer than it may be. */
  not_our_sidecar: 502,
} as const

/** Stable codes of the sidecar's errors. */
export type SidecarErrorCode = keyof typeof SIDECAR_ERRORS
