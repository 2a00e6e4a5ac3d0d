import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RigJournal } from './rig-journal.ts'

/** The worker processes of the rig: one that is gone is started again. */
export interface RigWorkers {
  kill(worker: number): Promise<void>
  /** Lets it stand still for a while. */
  stop(worker: number, forMs: number): Promise<void>
  /** Asks all to stop. @returns A sentence for each that did not, or not well */
  end(): Promise<readonly string[]>
  killAll(): Promise<void>
}

const PROGRAM = join(import.meta.dirname, 'rig-worker.ts')
/** Grace and the last word, and time for a busy machine. */
const END_MS = 8000

export function startWorkers(
  count: number,
  args: readonly string[],
  journal: RigJournal,
): RigWorkers {
  const start = (): ChildProcess =>
    spawn(process.execPath, [...process.execArgv, PROGRAM, ...args], {
      // It ends when its input does: with this process at the latest.
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  const workers = Array.from({ length: count }, start)

  async function kill(worker: ChildProcess): Promise<void> {
    if (worker.exitCode !== null || worker.signalCode !== null) return
    const ended = once(worker, 'exit')
    worker.kill('SIGKILL')
    await ended
    journal.note({ what: 'killed' }, worker.pid)
  }

  return {
    async kill(index) {
      const worker = workers[index % count]
      if (worker === undefined) return
      await kill(worker)
      workers[index % count] = start()
    },

    async stop(index, forMs) {
      const worker = workers[index % count]
      // Noted before it stands still, since it may then write no more.
      journal.note({ what: 'stopped' }, worker?.pid)
      worker?.kill('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, forMs))
      worker?.kill('SIGCONT')
      journal.note({ what: 'continued' }, worker?.pid)
    },

    async end() {
      const results = await Promise.all(
        workers.map(async (worker) => {
          if (worker.exitCode !== null) return [`a worker ended by itself with ${worker.exitCode}`]
          const ended = once(worker, 'exit')
          const late = setTimeout(() => worker.kill('SIGKILL'), END_MS)
          worker.kill('SIGTERM')
          const [code, signal] = (await ended) as [number | null, string | null]
          clearTimeout(late)
          return code === 0 ? [] : [`a worker that was asked to stop ended with ${code ?? signal}`]
        }),
      )
      return results.flat()
    },

    killAll: async () => void (await Promise.all(workers.map(kill))),
  }
}
