import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { runProgram, type ProgramEnd } from '../work/run-program.ts'

/** Containers that are read. No playlists (HLS, DASH, concat): they name other files and URLs. */
const CONTAINERS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,wav,mp3,aac,flac,asf'

/**
 * What stands before every input: only files, only containers that hold their own data, and so few
 * tracks that a file of ten thousand is left alone.
 */
export function inputArgs(name: string, { tracks }: SidecarLimits['video']): readonly string[] {
  return [
    '-protocol_whitelist',
    'file,pipe',
    '-format_whitelist',
    CONTAINERS,
    '-max_streams',
    String(tracks),
    '-i',
    `file:${name}`,
  ]
}

/** How ffmpeg or ffprobe is run. */
export interface MediaRun {
  readonly program: 'ffmpeg' | 'ffprobe'
  readonly args: readonly string[]
  readonly folder: string
  readonly limits: SidecarLimits['video']
  /** Elapsed ms that are left. */
  readonly leftMs: number
  readonly signal: AbortSignal
  readonly onLine?: (line: string) => void
}

const MOST_OUTPUT_BYTES = 1_048_576

/** @throws SidecarError when it does not end well */
export async function runMedia(run: MediaRun): Promise<string> {
  const { program, args, folder, limits, leftMs, signal, onLine } = run
  const end = await runProgram({
    program,
    args: [
      '-hide_banner',
      '-loglevel',
      'error',
      ...(program === 'ffmpeg' ? ['-nostdin'] : []),
      ...args,
    ],
    cwd: folder,
    deadlineMs: Math.max(1, leftMs),
    signal,
    maxOutputBytes: MOST_OUTPUT_BYTES,
    limits: {
      cpuSeconds: Math.ceil((limits.deadlineMs / 1000) * limits.threads),
      memoryMiB: limits.memoryMiB,
      fileBytes: limits.outputBytes,
    },
    ...(onLine !== undefined && { onLine }),
  })
  if (end.code !== 0) throw failureOf(end)
  return end.output
}

function failureOf({ complaint }: ProgramEnd): SidecarError {
  const [code, what] = /max_streams/.test(complaint)
    ? (['limit_exceeded', 'it has more tracks than allowed'] as const)
    : /File size limit|File too large/i.test(complaint)
      ? (['limit_exceeded', 'more would come out than allowed'] as const)
      : /whitelist|Invalid data found when processing input/i.test(complaint)
        ? (['unsupported_media', 'it is of no kind that is read'] as const)
        : (['unreadable_media', 'it is broken'] as const)
  // What ffmpeg says holds file names and pieces of the input: it is for the log alone.
  return new SidecarError(code, `Cannot work on video: ${what}`, { cause: new Error(complaint) })
}
