import { join } from 'node:path'
import { startRedisServer } from '../support/redis-server.ts'
import type { RigStore } from './rig-backend.ts'
import type { RigJournal } from './rig-journal.ts'
import { startWorkerdStore } from './rig-workerd.ts'

/** The store of the rig, which it may kill. */
export interface StartedStore {
  readonly place: RigStore
  /** Kills it where it stands, and starts it again on the same disk later. */
  kill(forMs: number): Promise<void>
  /** Resolves when it runs. */
  settled(): Promise<void>
  /** Sets a wall clock of its own forward by this much, where it has one. */
  setClock?(aheadMs: number): Promise<void>
  stop(): Promise<void>
}

export async function startStore(
  type: RigStore['type'],
  folder: string,
  journal: RigJournal,
): Promise<StartedStore> {
  if (type === 'sqlite') {
    const nothing = async (): Promise<void> => {}
    return {
      place: { type, path: join(folder, 'jobs.db') },
      kill: nothing,
      settled: nothing,
      stop: nothing,
    }
  }
  if (type === 'durable-objects') return startWorkerdStore(folder, journal)
  // What it has acknowledged is on the disk.
  const args = ['--appendonly', 'yes', '--appendfsync', 'always']
  let server = await startRedisServer({ directory: folder, args })
  const { port } = server
  let last: Promise<void> = Promise.resolve()

  async function killOnce(forMs: number): Promise<void> {
    await server.stop('SIGKILL')
    journal.note({ what: 'store-killed' })
    await new Promise((resolve) => setTimeout(resolve, forMs))
    server = await startRedisServer({ directory: folder, args, port })
    journal.note({ what: 'store-started' })
  }

  return {
    place: { type, port },
    kill: (forMs) => (last = last.then(() => killOnce(forMs))),
    settled: () => last,
    async stop() {
      await last.catch(() => undefined)
      await server.stop('SIGKILL')
    },
  }
}
