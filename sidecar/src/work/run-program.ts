import { spawn } from 'node:child_process'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { hasProgram } from './has-program.ts'

/** How a program is run: without a shell, without our environment, and never longer than allowed. */
export interface ProgramRun {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  /** It and all that it started are killed then. */
  readonly deadlineMs: number
  /** Kills it and all that it started. */
  readonly signal?: AbortSignal | undefined
  /** The most bytes of its output that are kept; more kills it. */
  readonly maxOutputBytes: number
  /** Hears each line of its output instead of its being kept. */
  readonly onLine?: (line: string) => void
  /** Limits that the kernel keeps. */
  readonly limits?: {
    readonly cpuSeconds: number
    /** Of address space. */
    readonly memoryMiB: number
    /** Of one file. */
    readonly fileBytes: number
  }
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null
  readonly output: string
  /** The last of what it complained about: for logs that never leave the machine. */
  readonly complaint: string
}

const COMPLAINT_BYTES = 4096
/** What the kernel kills by: for time on a processor, for the length of a file, for lack of memory. */
const OF_LIMITS: readonly NodeJS.Signals[] = ['SIGXCPU', 'SIGXFSZ', 'SIGKILL']

/**
 * Runs a program in a process group of its own, so that killing it kills its children too.
 *
 * @throws SidecarError `deadline_exceeded`, `limit_exceeded`, `failed` when it cannot be started, or
 *   the signal's reason
 */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  run.signal?.throwIfAborted()
  const [program, args] = limited(run)
  // Only what finds libraries and programs: a media program has no business with our secrets.
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' }
  const child = spawn(program, args, {
    cwd: run.cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let reason: Error | undefined
  const kill = (why: Error): void => {
    reason ??= why
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  const onAbort = (): void => {
    const why: unknown = run.signal?.reason
    kill(why instanceof Error ? why : new Error('Nobody waits for it'))
  }
  run.signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => kill(new SidecarError('deadline_exceeded', 'Cannot work: it takes too long')),
    run.deadlineMs,
  )
  let output = ''
  let rest = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (run.onLine === undefined) output += text
    else {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) run.onLine(line)
    }
    if (Math.max(output.length, rest.length) > run.maxOutputBytes)
      kill(new SidecarError('limit_exceeded', 'Cannot work: a program says more than it may'))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_BYTES)
  })
  try {
    const ended = await new Promise<{
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
    }>((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new SidecarError('failed', 'Cannot work: a program cannot be started', { cause })),
      )
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    if (reason !== undefined) throw reason
    if (ended.signal !== null && OF_LIMITS.includes(ended.signal))
      throw new SidecarError('limit_exceeded', 'Cannot work: a program needs more than it may')
    return { code: ended.code, output, complaint }
  } finally {
    clearTimeout(timer)
    run.signal?.removeEventListener('abort', onAbort)
  }
}

/** On Debian it always is; elsewhere deadlines and sizes are what is left. */
const hasLimits = process.platform === 'linux' && hasProgram('prlimit')

/** Sets limits of the kernel's where there are any, through `prlimit` of util-linux. */
function limited({ program, args, limits }: ProgramRun): [string, readonly string[]] {
  if (limits === undefined || !hasLimits) return [program, args]
  const { cpuSeconds, memoryMiB, fileBytes } = limits
  return [
    'prlimit',
    [
      `--cpu=${cpuSeconds}`,
      `--as=${memoryMiB * 1_048_576}`,
      `--fsize=${fileBytes}`,
      '--core=0',
      '--',
      program,
      ...args,
    ],
  ]
}
