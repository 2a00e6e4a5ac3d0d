import { z } from 'zod'
import type { VideoInfo } from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { inputArgs, runMedia } from './ffmpeg.ts'

const number = z.coerce.number().catch(0)
const ratio = z
  .string()
  .transform((text) => {
    const [over = 0, under = 1] = text.split(/[/:]/).map(Number)
    return under > 0 ? over / under : 0
  })
  .catch(0)

/** What ffprobe is asked for, as it says it. */
const report = z.object({
  format: z.object({ format_name: z.string(), duration: number, bit_rate: number }),
  streams: z
    .array(
      z.object({
        codec_type: z.string().catch(''),
        codec_name: z.string().catch('unknown'),
        width: number,
        height: number,
        sample_aspect_ratio: ratio,
        avg_frame_rate: ratio,
        disposition: z.object({ attached_pic: number }).catch({ attached_pic: 0 }),
        side_data_list: z.array(z.object({ rotation: number })).catch([]),
      }),
    )
    .catch([]),
})

/**
 * Reads what a video is.
 *
 * @param name A file of `folder`
 * @throws SidecarError `unsupported_media`, `unreadable_media`, `limit_exceeded`
 */
export async function probeVideo(
  name: string,
  folder: string,
  limits: SidecarLimits['video'],
  leftMs: number,
  signal: AbortSignal,
): Promise<VideoInfo> {
  const entries =
    'format=format_name,duration,bit_rate:stream=codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate:stream_disposition=attached_pic:stream_side_data=rotation'
  const args = ['-of', 'json', '-show_entries', entries, ...inputArgs(name, limits)]
  const output = await runMedia({ program: 'ffprobe', args, folder, limits, leftMs, signal })
  const { format, streams } = report.parse(JSON.parse(output))
  // The cover of an album is a video of one frame, for ffmpeg.
  const video = streams.find(
    ({ codec_type: type, disposition }) => type === 'video' && disposition.attached_pic === 0,
  )
  const audio = streams.find(({ codec_type: type }) => type === 'audio')
  if (video === undefined && audio === undefined)
    throw new SidecarError(
      'unsupported_media',
      'Cannot read video: it has neither picture nor sound',
    )
  const stretch =
    video === undefined || video.sample_aspect_ratio <= 0 ? 1 : video.sample_aspect_ratio
  const width = Math.round((video?.width ?? 0) * stretch)
  const height = video?.height ?? 0
  const turned = (video?.side_data_list[0]?.rotation ?? 0) % 180 !== 0
  return {
    container: containerOf(format.format_name),
    seconds: Math.max(0, format.duration),
    width: turned ? height : width,
    height: turned ? width : height,
    framesPerSecond: video?.avg_frame_rate ?? 0,
    videoCodec: video?.codec_name ?? null,
    audioCodec: audio?.codec_name ?? null,
    bitsPerSecond: format.bit_rate,
  }
}

/** ffmpeg names what one reader reads: `mov,mp4,m4a,3gp,3g2,mj2`. */
function containerOf(name: string): string {
  if (name.includes('mp4')) return 'mp4'
  return name.split(',')[0] ?? name
}
