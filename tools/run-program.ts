import { spawn } from 'node:child_process'

/** How a program is started. */
export interface ProgramOptions {
  readonly cwd?: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Called with each line of its standard output, as it comes. */
  readonly onLine?: (line: string) => void
  /** It is killed after that many ms. Default 30 minutes. */
  readonly timeoutMs?: number
}

/** How a program ended. */
export interface ProgramResult {
  /** Its exit code; -1 where a signal ended it or it could not be started. */
  readonly code: number
  /** All it printed, to either stream, in the order in which it came. */
  readonly output: string
}

/**
 * Set in the environment of what is started here. A tool that finds it was started by another one, and leaves its children
 * in the process group that the other one ends: nothing that any of them starts outlives the first.
 */
const NESTED = 'WHITE_CROSS_NESTED_TOOL'
const running = new Map<number, () => void>()

/** Runs a program to its end. Whatever it has started and left behind is killed then, or when this process ends. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { cwd, env, onLine, timeoutMs = 1_800_000 } = options
  const nested = process.env[NESTED] !== undefined
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', [NESTED]: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !nested,
  })
  const { pid } = child
  const kill = (): void => {
    if (pid !== undefined) killProcess(nested ? pid : -pid)
  }
  if (pid !== undefined) running.set(pid, kill)
  let output = ''
  const timer = setTimeout(() => {
    output += `Killed after ${timeoutMs} ms\n`
    kill()
  }, timeoutMs)
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  // Not node:readline: it ends lines at U+2028 and U+2029 as well, which JSON holds as they are.
  let begun = ''
  const takeLine = (line: string): void => {
    output += `${line}\n`
    onLine?.(line)
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) takeLine(line)
  })
  child.stdout.on('end', () => {
    if (begun !== '') takeLine(begun)
  })
  return new Promise((resolve) => {
    const end = (code: number): void => {
      clearTimeout(timer)
      if (pid !== undefined) running.delete(pid)
      resolve({ code, output })
    }
    child.on('error', (error) => {
      output += `Cannot start ${command}: ${error.message}\n`
      end(-1)
    })
    // A child of the child may hold the pipes open for ever: once the child itself has ended, its group goes.
    if (!nested) child.on('exit', kill)
    child.on('close', (code) => end(code ?? -1))
  })
}

/** @param target A process, or a whole group where it is negative */
function killProcess(target: number): void {
  try {
    process.kill(target, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

process.once('exit', () => {
  for (const kill of running.values()) kill()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130))
}
