import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  MediaFolder,
  TranscodedFile,
  TranscodedVideo,
  VideoOperations,
  VideoProgress,
} from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { StoredParameter } from '../server/check-parameters.ts'
import { writeInput } from '../input/read-input.ts'
import { bucketOf, type Stores } from '../input/stores.ts'
import type { SidecarLimits } from '../limits.ts'
import { withScratchFolder } from '../work/scratch-folder.ts'
import { runMedia } from './ffmpeg.ts'
import { planTranscoding, type TranscodingPlan } from './plan-transcoding.ts'
import { takePoster } from './poster.ts'
import { probeVideo } from './probe-video.ts'
import { storeFiles, type MadeFile } from './store-files.ts'
import { transcodingArgs } from './transcoding-args.ts'

/** One transcoding. */
export interface Transcoding {
  readonly input: StoredParameter
  readonly operations: VideoOperations
  readonly output: MediaFolder
  readonly stores: Stores
  readonly limits: SidecarLimits
  /** Where scratch folders are made. */
  readonly scratch: string
  /** Elapsed ms. */
  readonly now: () => number
  readonly signal: AbortSignal
  onProgress(progress: VideoProgress): void
  onFile(file: TranscodedFile): void
}

/** What the last steps may still take of the whole, as it is told. */
const WHOLE_WORK = 0.99

/** Transcodes a video and writes what was made beside each other, or nothing. @throws SidecarError */
export async function transcode(work: Transcoding): Promise<TranscodedVideo> {
  const { stores, signal, now } = work
  const limits = work.limits.video
  // Said before an hour is spent on it.
  const target = bucketOf(stores, work.output.store, work.output.bucket)
  const end = now() + limits.deadlineMs
  const left = (): number => end - now()
  return withScratchFolder(work.scratch, async (folder) => {
    const source = {
      input: { stored: work.input },
      body: new Uint8Array(),
      stores,
      maxBytes: limits.inputBytes,
      deadlineMs: left(),
      signal,
    }
    await writeInput(source, join(folder, 'input'))
    const info = await probeVideo('input', folder, limits, left(), signal)
    const plan = planTranscoding(info, work.operations, limits)
    const { segmentSeconds = 6, poster } = work.operations
    await runMedia({
      program: 'ffmpeg',
      args: transcodingArgs(plan, segmentSeconds, limits),
      folder,
      limits,
      leftMs: left(),
      signal,
      onLine: progressReader(plan, work.onProgress),
    })
    const made = await madeFiles(plan, folder)
    const seconds = await checkMade(plan, made, folder)
    if (poster !== undefined)
      made.push(await takePoster(poster, info, folder, work.limits, left(), signal))
    const files = await storeFiles(made, folder, target, work.output.prefix, {
      ...work,
      deadlineMs: left(),
    })
    return { files, seconds }
  })

  /** An encoder that failed may say that all is well: what it wrote is what counts. */
  async function checkMade(
    plan: TranscodingPlan,
    made: readonly MadeFile[],
    folder: string,
  ): Promise<number> {
    if (plan.kind === 'hls') {
      const lengths = await Promise.all(
        made
          .filter(({ role }) => role === 'rendition')
          .map(async ({ name }) => playlistSeconds(await readFile(join(folder, name), 'utf8'))),
      )
      return complete(Math.max(...lengths), plan.seconds)
    }
    const [file] = made
    if (file === undefined) throw unfinished()
    const info = await probeVideo(file.name, folder, limits, left(), signal)
    return complete(info.seconds, plan.seconds)
  }
}

function complete(seconds: number, wanted: number): number {
  // Sound and picture seldom end in the same moment.
  if (seconds > 0 && seconds >= wanted - Math.max(1, 0.05 * wanted)) return seconds
  throw unfinished()
}

function unfinished(): SidecarError {
  return new SidecarError('unreadable_media', 'Cannot transcode video: it breaks off')
}

function playlistSeconds(playlist: string): number {
  let seconds = 0
  for (const [, length] of playlist.matchAll(/^#EXTINF:([\d.]+)/gm)) seconds += Number(length)
  return seconds
}

/** Reads `-progress`: names and values, one a line. */
function progressReader(
  { seconds }: TranscodingPlan,
  onProgress: (progress: VideoProgress) => void,
): (line: string) => void {
  let told = 0
  return (line) => {
    const [, value] = /^out_time_us=(\d+)$/.exec(line) ?? []
    const done = Math.min(Number(value ?? 0) / 1_000_000, seconds)
    if (done <= told) return
    told = done
    onProgress({ ratio: Math.min(WHOLE_WORK, done / seconds), seconds: done })
  }
}

const SINGLE = {
  mp4: { name: 'video.mp4', contentType: 'video/mp4' },
  webm: { name: 'video.webm', contentType: 'video/webm' },
  m4a: { name: 'video.m4a', contentType: 'audio/mp4' },
} as const
const PLAYLIST = 'application/vnd.apple.mpegurl'

/** @returns What ffmpeg wrote, playlists last */
async function madeFiles({ kind, pictures }: TranscodingPlan, folder: string): Promise<MadeFile[]> {
  if (kind !== 'hls') {
    const [picture] = pictures
    return [{ ...SINGLE[kind], role: 'video', ...(picture && sizeOf(picture)) }]
  }
  const segments: MadeFile[] = []
  const renditions: MadeFile[] = []
  for (const picture of pictures) {
    const name = `${picture.side}p.m3u8`
    const playlist = await readFile(join(folder, name), 'utf8')
    const size = sizeOf(picture)
    for (const [segment] of playlist.matchAll(/^[\w-]+\.ts$/gm))
      segments.push({ name: segment, role: 'segment', contentType: 'video/mp2t', ...size })
    renditions.push({ name, role: 'rendition', contentType: PLAYLIST, ...size })
  }
  return [
    ...segments,
    ...renditions,
    { name: 'index.m3u8', role: 'playlist', contentType: PLAYLIST },
  ]
}

function sizeOf({ width, height }: { readonly width: number; readonly height: number }) {
  return { width, height }
}
