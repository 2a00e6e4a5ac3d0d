import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

/** A server in a process of its own. */
export interface GuardedProgram {
  readonly pid: number
  /** Ends it and resolves when it is gone. Twice does nothing. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** What {@link startGuarded} is told. */
export interface GuardedOptions {
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  /** Whether it serves yet; asked every 50 ms. */
  readonly isReady: () => Promise<boolean>
  /** How long it may take. Default 60,000. */
  readonly startMs?: number
}

/** Becomes the program, after starting a guard that kills it when this process has ended, however it ended. */
const GUARDED = `
exec 3<&0
(cat <&3; kill -9 $$) >/dev/null 2>&1 &
exec "$@" 3<&-`

const BETWEEN_LOOKS_MS = 50

/** Starts a server and waits until it serves. @throws Error with what it said when it does not */
export async function startGuarded(options: GuardedOptions): Promise<GuardedProgram> {
  const { command, env = {}, isReady, startMs = 60_000 } = options
  const child = spawn('sh', ['-c', GUARDED, 'guard', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  let ended: string | undefined
  const end = new Promise<void>((resolve) => {
    const onEnd = (why: string): void => {
      ended = why
      resolve()
    }
    child.once('error', (error) => onEnd(error.message))
    child.once('exit', (code, signal) => onEnd(`exit ${code ?? signal}`))
  })
  const late = performance.now() + startMs
  while (!(await isReady().catch(() => false))) {
    if (ended !== undefined || performance.now() > late) {
      child.kill('SIGKILL')
      throw new Error(`Cannot start ${command.join(' ')}: ${ended ?? 'no answer'}\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS))
  }
  return {
    // The shell has become the program.
    pid: child.pid ?? 0,
    async stop(signal = 'SIGTERM') {
      if (ended === undefined) child.kill(signal)
      await end
    },
  }
}

/** @returns A port of loopback that nobody listens at just now */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('No free port')),
      )
    })
  })
}
