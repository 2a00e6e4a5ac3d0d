import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** A Worker in plain workerd, which keeps its objects on the disk of its configuration. */
export interface ServedWorker {
  readonly url: string
  /** Ends workerd where it stands, as a power failure would. */
  kill(): Promise<void>
}

/**
 * Starts `workerd serve` and resolves once it listens.
 *
 * @param config Path of a configuration with a socket, as `writeWorkerdConfig()` writes it
 */
export async function serveWorkerd(config: string): Promise<ServedWorker> {
  const workerd = spawn('workerd', ['serve', '--control-fd=3', config], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    // A group of its own: what npm installs may be a script that starts workerd, and both must go.
    detached: true,
  })
  const ended = once(workerd, 'exit')
  const killGroup = (): void => {
    if (workerd.pid !== undefined && workerd.exitCode === null && workerd.signalCode === null)
      process.kill(-workerd.pid, 'SIGKILL')
  }
  process.once('exit', killGroup)
  // The fourth stream is a pipe, as asked for above.
  const control = createInterface(workerd.stdio[3] as Readable)
  const [line] = (await Promise.race([once(control, 'line'), ended])) as [unknown]
  if (typeof line !== 'string') throw new Error(`workerd ended with code ${String(line)}`)
  const { port } = JSON.parse(line) as { readonly port: number }
  return {
    url: `http://127.0.0.1:${port}/`,
    async kill() {
      killGroup()
      await ended
      process.off('exit', killGroup)
    },
  }
}
