import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { VideoInfo, VideoPoster } from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { makeImage } from '../images/make-image.ts'
import type { SidecarLimits } from '../limits.ts'
import { inputArgs, runMedia } from './ffmpeg.ts'
import type { MadeFile } from './store-files.ts'

/** Takes a picture of one moment. @throws SidecarError */
export async function takePoster(
  { at = '10%', width, format = 'jpeg' }: VideoPoster,
  info: VideoInfo,
  folder: string,
  limits: SidecarLimits,
  leftMs: number,
  signal: AbortSignal,
): Promise<MadeFile> {
  const wanted = typeof at === 'number' ? at : (info.seconds * Number(at.slice(0, -1))) / 100
  if (typeof at === 'number' && at > info.seconds)
    throw new SidecarError('invalid_operation', 'Cannot take poster: the video is shorter')
  // The very end has no picture to show.
  const second = Math.max(0, Math.min(wanted, info.seconds - 0.5))
  const args = [
    ...['-y', '-ss', second.toFixed(6), ...inputArgs('input', limits.video)],
    ...['-map', '0:V:0', '-frames:v', '1', '-vf', `scale=${info.width}:${info.height},setsar=1`],
    ...['-f', 'image2', '-update', '1', 'file:frame.png'],
  ]
  await runMedia({ program: 'ffmpeg', args, folder, limits: limits.video, leftMs, signal })
  const frame = new Uint8Array(await readFile(join(folder, 'frame.png')))
  const operations = { format, ...(width !== undefined && { width, enlarge: false }) }
  const made = await makeImage(frame, operations, limits.image, null)
  const name = `poster.${format === 'jpeg' ? 'jpg' : format}`
  await writeFile(join(folder, name), made.bytes)
  const { contentType, height } = made
  return { name, role: 'poster', contentType, width: made.width, height }
}
