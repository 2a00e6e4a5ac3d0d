import type {
  VideoInfo,
  VideoOperations,
  VideoPresetName,
} from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'

/** What is to be made of a video. */
export interface TranscodingPlan {
  /** Of the part that is kept. */
  readonly start: number
  readonly seconds: number
  /** Sizes of what is made, largest first; empty for sound alone. */
  readonly pictures: readonly Picture[]
  readonly sound: boolean
  readonly kind: 'mp4' | 'webm' | 'hls' | 'm4a'
}

/** The size of one rendition. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** The height, or the width of an upright video, that it stands for. */
  readonly side: number
}

const SIDES: Readonly<Record<VideoPresetName, number | null>> = {
  'mp4-1080p': 1080,
  'mp4-720p': 720,
  'mp4-480p': 480,
  'webm-1080p': 1080,
  'webm-720p': 720,
  hls: null,
  'audio-m4a': null,
}
const RENDITIONS = [1080, 720, 480]

/** @throws SidecarError `invalid_operation`, `limit_exceeded`, `unsupported_media` */
export function planTranscoding(
  info: VideoInfo,
  operations: VideoOperations,
  limits: SidecarLimits['video'],
): TranscodingPlan {
  const { preset, renditions, segmentSeconds, poster, trim = {}, mute = false } = operations
  const isSound = preset === 'audio-m4a'
  if (preset !== 'hls' && (renditions ?? segmentSeconds) !== undefined)
    throw wrong('renditions and segmentSeconds need the preset hls')
  if (isSound && (mute || poster !== undefined)) throw wrong('audio-m4a has sound and no picture')
  if (isSound && info.audioCodec === null)
    throw new SidecarError('unsupported_media', 'Cannot transcode video: it has no sound')
  if (!isSound && info.videoCodec === null)
    throw new SidecarError('unsupported_media', 'Cannot transcode video: it has no picture')
  if (info.width * info.height > limits.pixels)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot transcode video: its frames have more than ${limits.pixels} pixels`,
    )
  const { start = 0 } = trim
  if (info.seconds > 0 && start >= info.seconds) throw wrong('trim starts behind its end')
  const seconds = Math.min(trim.seconds ?? Infinity, info.seconds - start)
  if (!(seconds > 0))
    throw new SidecarError('unreadable_media', 'Cannot transcode video: its length is not known')
  if (seconds > limits.seconds)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot transcode video: it is longer than ${limits.seconds} seconds`,
    )
  const side = Math.min(info.width, info.height)
  const sides =
    preset === 'hls'
      ? [...new Set(renditions ?? RENDITIONS)].toSorted((a, b) => b - a)
      : [SIDES[preset] ?? 0]
  const fitting = sides.filter((wanted) => wanted <= side)
  // Nothing is enlarged: what is smaller than all of them stays as it is.
  const chosen = fitting.length > 0 ? fitting : [side]
  return {
    start,
    seconds,
    pictures: isSound ? [] : chosen.map((wanted) => pictureOf(info, wanted)),
    sound: info.audioCodec !== null && !mute,
    kind: isSound ? 'm4a' : preset === 'hls' ? 'hls' : preset.startsWith('webm') ? 'webm' : 'mp4',
  }
}

function pictureOf({ width, height }: VideoInfo, side: number): Picture {
  const scale = Math.min(1, side / Math.min(width, height))
  // H.264 in 4:2:0 has even sides only.
  const even = (length: number): number => Math.max(2, 2 * Math.round((length * scale) / 2))
  return { width: even(width), height: even(height), side }
}

function wrong(what: string): SidecarError {
  return new SidecarError('invalid_operation', `Cannot transcode video: ${what}`)
}
