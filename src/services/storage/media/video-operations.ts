/**
 * What a video becomes. All are playable everywhere: H.264 and AAC in MP4 or HLS, VP9 and Opus in
 * WebM.
 */
export type VideoPresetName =
  | 'mp4-1080p'
  | 'mp4-720p'
  | 'mp4-480p'
  | 'webm-1080p'
  | 'webm-720p'
  | 'hls'
  | 'audio-m4a'

/**
 * What is done to a video. Metadata is always dropped, rotation applied, the picture never
 * enlarged.
 */
export interface VideoOperations {
  /** `hls` makes a playlist, its renditions and their segments; all others make one file. */
  readonly preset: VideoPresetName
  /**
   * Heights of the renditions of `hls`, 1 to 6 of 144 to 2,160; those above the source's are left
   * out. Default 1080, 720, 480.
   */
  readonly renditions?: readonly number[]
  /** Seconds of a segment of `hls`, 2 to 20. Default 6. */
  readonly segmentSeconds?: number
  /** A picture of one moment. Default: none. */
  readonly poster?: VideoPoster
  /** The part that is kept, in seconds. Default: all of it. */
  readonly trim?: { readonly start?: number; readonly seconds?: number }
  /** Whether the sound is left out. Default false. */
  readonly mute?: boolean
}

/** A picture of one moment of a video. */
export interface VideoPoster {
  /** Seconds from the start, or a share of the whole as in `'10%'`. Default `'10%'`. */
  readonly at?: number | `${number}%`
  /** Pixels, 16 to 3,840. Default: the video's. */
  readonly width?: number
  /** Default `jpeg`. */
  readonly format?: 'jpeg' | 'png' | 'webp'
}
