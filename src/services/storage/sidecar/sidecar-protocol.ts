import type { ImageOperations } from '../media/image-operations.ts'
import type {
  ImageInfo,
  MediaFolder,
  StoredMedia,
  TranscodedFile,
  TranscodedVideo,
  VideoInfo,
  VideoProgress,
} from '../media/media-processor.ts'
import type { VideoOperations } from '../media/video-operations.ts'
import type { ScanVerdict } from '../scanning/virus-scanner.ts'

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

/** Paths of the sidecar. All but `health` take POST and are signed. */
export const SIDECAR_PATHS = {
  health: '/v1/health',
  capabilities: '/v1/capabilities',
  imageInfo: '/v1/image/info',
  image: '/v1/image',
  videoInfo: '/v1/video/info',
  video: '/v1/video',
  videoCancel: '/v1/video/cancel',
  scan: '/v1/scan',
} as const

/** Limits that both sides keep. */
export const SIDECAR_LIMITS = {
  /**
   * How far the clocks of the two sides may differ, and how long a nonce is remembered, twice this.
   */
  toleranceMs: 60_000,
  /** Characters of the `reuse-parameters` header, and of `reuse-result`. */
  parametersLength: 8192,
  /** Bytes of a body that is handed over instead of read from a store. A sidecar may allow less. */
  bodyBytes: 67_108_864,
  /** Bytes of an answer: of an image that was made, for example. */
  answerBytes: 67_108_864,
  /** A secret has at least so many UTF-8 bytes. */
  secretBytes: 16,
  /** Between two signs of life on an event stream, at most. */
  heartbeatMs: 10_000,
} as const

/**
 * Where what is worked on comes from: the body of the request, or a store that the sidecar knows.
 */
export type SidecarInput = { readonly body: true } | { readonly stored: StoredMedia }

/** Parameters of a request, by its path: what stands in its `reuse-parameters` header. */
export interface SidecarParameters {
  readonly [SIDECAR_PATHS.capabilities]: Record<string, never>
  readonly [SIDECAR_PATHS.imageInfo]: { readonly input: SidecarInput }
  readonly [SIDECAR_PATHS.image]: {
    readonly input: SidecarInput
    readonly operations: ImageOperations
  }
  readonly [SIDECAR_PATHS.videoInfo]: { readonly input: SidecarInput }
  readonly [SIDECAR_PATHS.video]: {
    /** Names the work. The same id is the same work: it is not begun twice. */
    readonly id: string
    readonly input: { readonly stored: StoredMedia }
    readonly operations: VideoOperations
    readonly output: MediaFolder
    /** For how long the work goes on while nobody listens, 0 to an hour; then it is killed. */
    readonly detachMs: number
  }
  readonly [SIDECAR_PATHS.videoCancel]: { readonly id: string }
  readonly [SIDECAR_PATHS.scan]: { readonly input: SidecarInput }
}

/**
 * JSON answers, by path. `image` answers the image itself, with `SidecarImageResult` in a header.
 */
export interface SidecarAnswers {
  readonly [SIDECAR_PATHS.capabilities]: SidecarCapabilities
  readonly [SIDECAR_PATHS.imageInfo]: ImageInfo
  readonly [SIDECAR_PATHS.videoInfo]: VideoInfo
  readonly [SIDECAR_PATHS.videoCancel]: { readonly cancelled: boolean }
  readonly [SIDECAR_PATHS.scan]: ScanVerdict
}

/** What the sidecar can do as it is configured. */
export interface SidecarCapabilities {
  readonly version: string
  readonly stores: readonly string[]
  readonly image: { readonly formats: readonly string[]; readonly maxInputBytes: number } | null
  readonly video: { readonly presets: readonly string[] } | null
  readonly scan: { readonly engine: string; readonly maxBytes: number } | null
}

/** In the `reuse-result` header of an image, as base64url of JSON. */
export interface SidecarImageResult {
  readonly width: number
  readonly height: number
  readonly frames: number
}

/** Events of `POST /v1/video`: each `data` is one JSON text of this, `event` its type. */
export type SidecarVideoEvent =
  | ({ readonly type: 'progress' } & VideoProgress)
  | { readonly type: 'file'; readonly file: TranscodedFile }
  | ({ readonly type: 'done' } & TranscodedVideo)
  | { readonly type: 'error'; readonly error: SidecarFailure }

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
  /**
   * Nobody signed this with a key that the sidecar knows, or what arrived is not what was signed.
   */
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
} as const

/** Stable codes of the sidecar's errors. */
export type SidecarErrorCode = keyof typeof SIDECAR_ERRORS
