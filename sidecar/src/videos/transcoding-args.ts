import type { SidecarLimits } from '../limits.ts'
import { inputArgs } from './ffmpeg.ts'
import type { Picture, TranscodingPlan } from './plan-transcoding.ts'

/** Bits a second that an HLS rendition may take, by its side. */
function mostBits({ width, height }: Picture): number {
  return Math.round(Math.min(8_000_000, Math.max(400_000, width * height * 3.2)))
}

/** @returns ffmpeg's arguments for a plan; files are written into the current folder */
export function transcodingArgs(
  { start, seconds, pictures, sound, kind }: TranscodingPlan,
  segmentSeconds: number,
  limits: SidecarLimits['video'],
): readonly string[] {
  const before = [
    ...['-progress', 'pipe:1', '-stats_period', '0.5', '-y'],
    ...(start > 0 ? ['-ss', start.toFixed(6)] : []),
    ...inputArgs('input', limits),
    ...['-t', seconds.toFixed(6), '-map_metadata', '-1', '-map_chapters', '-1', '-dn', '-sn'],
    ...['-threads', String(limits.threads), '-max_muxing_queue_size', '1024'],
  ]
  const aac = sound ? ['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-ar', '48000'] : ['-an']
  if (kind === 'm4a')
    return [
      ...before,
      ...['-map', '0:a:0', '-vn', '-c:a', 'aac', '-b:a', '160k', '-ac', '2'],
      ...['-movflags', '+faststart', '-f', 'ipod', 'file:video.m4a'],
    ]
  if (kind === 'hls') return [...before, ...hlsArgs(pictures, sound, segmentSeconds, aac)]
  const [picture] = pictures
  const one = [
    ...before,
    ...['-map', '0:V:0', ...(sound ? ['-map', '0:a:0'] : [])],
    ...['-vf', scaled(picture)],
  ]
  if (kind === 'webm')
    return [
      ...one,
      ...['-c:v', 'libvpx-vp9', '-crf', '33', '-b:v', '0', '-row-mt', '1'],
      ...['-deadline', 'good', '-cpu-used', '5', '-pix_fmt', 'yuv420p'],
      ...(sound ? ['-c:a', 'libopus', '-b:a', '96k', '-ac', '2'] : ['-an']),
      ...['-f', 'webm', 'file:video.webm'],
    ]
  return [
    ...one,
    ...H264,
    '-crf',
    '23',
    ...aac,
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    'file:video.mp4',
  ]
}

const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-pix_fmt', 'yuv420p']

function scaled(picture: Picture | undefined): string {
  return `scale=${picture?.width ?? -2}:${picture?.height ?? -2},setsar=1`
}

function hlsArgs(
  pictures: readonly Picture[],
  sound: boolean,
  segmentSeconds: number,
  aac: readonly string[],
): readonly string[] {
  const split = `[0:V:0]split=${pictures.length}${pictures.map((_, n) => `[s${n}]`).join('')}`
  const scales = pictures.map((picture, n) => `[s${n}]${scaled(picture)}[v${n}]`)
  const streams = pictures.map(({ side }, n) => `v:${n}${sound ? `,a:${n}` : ''},name:${side}p`)
  return [
    ...['-filter_complex', [split, ...scales].join(';')],
    ...pictures.flatMap((_, n) => ['-map', `[v${n}]`]),
    ...(sound ? pictures.flatMap(() => ['-map', '0:a:0']) : []),
    ...H264,
    ...pictures.flatMap((picture, n) => [
      ...[`-crf:v:${n}`, '23', `-maxrate:v:${n}`, String(mostBits(picture))],
      ...[`-bufsize:v:${n}`, String(2 * mostBits(picture))],
    ]),
    // Players change between renditions only where a segment starts, so all start alike.
    ...['-force_key_frames', `expr:gte(t,n_forced*${segmentSeconds})`, '-sc_threshold', '0'],
    ...aac,
    ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_playlist_type', 'vod'],
    ...['-hls_flags', 'independent_segments', '-hls_segment_type', 'mpegts'],
    ...['-master_pl_name', 'index.m3u8', '-var_stream_map', streams.join(' ')],
    ...['-hls_segment_filename', '%v-%05d.ts', '%v.m3u8'],
  ]
}
