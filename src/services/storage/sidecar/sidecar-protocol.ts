import type { ImageOperations } from '../media/image-operations.ts'
import type {
  ImageInfo,
  MediaFolder,
  StoredMedia,
  TranscodedFile,
  VideoInfo,
  VideoProgress,
} from '../media/media-processor.ts'
import type { VideoOperations } from '../media/video-operations.ts'
import type { SidecarFailure } from '../../../runtime/sidecar/sidecar-wire.ts'
import type { ScanVerdict } from '../scanning/virus-scanner.ts'

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
  /** Of all files that were told before. */
  | { readonly type: 'done'; readonly seconds: number }
  | { readonly type: 'error'; readonly error: SidecarFailure }
