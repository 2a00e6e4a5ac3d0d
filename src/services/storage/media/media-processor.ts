import type { ImageOperations, ImageFormat } from './image-operations.ts'
import type { VideoOperations, VideoPresetName } from './video-operations.ts'

/**
 * Reads and makes images and videos: the sidecar, Cloudflare's Images binding, or a fake.
 *
 * What a processor cannot do it refuses with a MediaError `unsupported`; it never answers with its
 * input as if it had worked. The laws are in `media-processor.conformance.ts`.
 */
export interface MediaProcessor {
  readonly name: string
  readonly capabilities: MediaCapabilities
  /**
   * Reads what an image is, without making another.
   *
   * @throws MediaError
   */
  imageInfo(input: MediaInput, options?: MediaCallOptions): Promise<ImageInfo>
  /**
   * Makes an image of another one.
   *
   * @throws MediaError
   */
  image(
    input: MediaInput,
    operations: ImageOperations,
    options?: MediaCallOptions,
  ): Promise<ProcessedImage>
  /**
   * Reads what a video is. Absent where the processor knows no videos.
   *
   * @throws MediaError
   */
  videoInfo?(input: MediaInput, options?: MediaCallOptions): Promise<VideoInfo>
  /**
   * Transcodes a video into files beside each other in a bucket. Under the same `id` it is the same
   * work: calling again goes on listening to what already runs, and answers at once what is done.
   *
   * @throws MediaError
   */
  video?(
    input: StoredMedia,
    operations: VideoOperations,
    output: MediaFolder,
    options: VideoCallOptions,
  ): Promise<TranscodedVideo>
}

/** What a {@link MediaProcessor} is able to do. */
export interface MediaCapabilities {
  /** Image formats it writes. */
  readonly formats: readonly ImageFormat[]
  /** Names of {@link ImageOperations} that it refuses. */
  readonly unsupported: readonly (keyof ImageOperations)[]
  /** Whether it transcodes videos, and to which presets. */
  readonly presets: readonly VideoPresetName[]
  /** Store aliases that it reads by itself; what lies elsewhere must be handed to it as bytes. */
  readonly stores: readonly string[]
  /** The most bytes it takes as bytes. */
  readonly maxInputBytes: number
}

/** An image or a video: its bytes, or where it lies. Never a URL. */
export type MediaInput = Uint8Array<ArrayBuffer> | StoredMedia

/** An object that the processor reads by itself. */
export interface StoredMedia {
  /** The store's alias, as both sides are configured with. */
  readonly store: string
  readonly bucket: string
  readonly key: string
  /** Refuses to read another version than this. Default: whichever is there. */
  readonly etag?: string
}

/** Where several files go: each gets a name of its own behind `prefix`. */
export interface MediaFolder {
  readonly store: string
  readonly bucket: string
  readonly prefix: string
}

/** Options of all calls of a {@link MediaProcessor}. */
export interface MediaCallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link MediaProcessor.video}. */
export interface VideoCallOptions extends MediaCallOptions {
  /** Names the work: 1 to 128 characters of `A–Z a–z 0–9 . _ : -`. */
  readonly id: string
  /** Hears how far it is, from 0 to 1, at most some times a second. */
  readonly onProgress?: ((progress: VideoProgress) => void) | undefined
}

/** How far a transcoding is. */
export interface VideoProgress {
  /** Share of the whole work that is done, 0 to 1. */
  readonly ratio: number
  /** Seconds of the source that are transcoded. */
  readonly seconds: number
}

/** What an image is. */
export interface ImageInfo {
  readonly format: ImageFormat | 'svg' | 'tiff' | 'heif' | 'bmp' | 'pdf'
  /** Pixels as displayed: EXIF orientation applied. */
  readonly width: number
  readonly height: number
  /** Frames of an animation, pages of a document; else 1. */
  readonly frames: number
  readonly hasAlpha: boolean
  /** EXIF orientation, 1 to 8; 1 where there is none. */
  readonly orientation: number
}

/** An image that was made. */
export interface ProcessedImage {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly width: number
  readonly height: number
  readonly frames: number
}

/** What a video is. */
export interface VideoInfo {
  /** Name of the container, as `mp4` or `matroska`. */
  readonly container: string
  readonly seconds: number
  /** Pixels as displayed: rotation applied; 0 without a picture. */
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
  readonly videoCodec: string | null
  readonly audioCodec: string | null
  readonly bitsPerSecond: number
}

/** Files that a transcoding wrote. */
export interface TranscodedVideo {
  readonly files: readonly TranscodedFile[]
  /** Of the longest rendition. */
  readonly seconds: number
}

/** One file that a transcoding wrote. */
export interface TranscodedFile {
  /** What it is for. A `playlist` names renditions, which name their segments. */
  readonly role: 'video' | 'poster' | 'playlist' | 'rendition' | 'segment'
  readonly key: string
  readonly size: number
  readonly contentType: string
  readonly etag: string
  /** Absent for playlists. */
  readonly width?: number
  readonly height?: number
}
