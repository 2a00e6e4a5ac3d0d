/**
 * One of several processes on a SQLite file, for tests: `node sqlite-process.ts <what> <path>`. It prints `ready`, waits for
 * a line on standard input, and then prints a line for each thing that was acknowledged to it.
 */
import { once } from 'node:events'
import type { Settlement } from '../../src/runtime/ports/job-store/job-store.ts'
import { sqlite, type SqliteBackend } from '../../src/runtime/backends/sqlite/index.ts'

const [, , what = '', path = ''] = process.argv
const programs = { open, write, claim }

console.log('ready')
await once(process.stdin, 'data')
await programs[what as keyof typeof programs]()
process.stdin.destroy()

/** Opens the file, which may be new, and writes one entry. */
async function open(): Promise<void> {
  const backend = sqlite(path)
  const result = await backend.store
    .partition('p')
    .commit({ set: [{ key: `${process.pid}`, value: 1 }] })
  console.log(result.ok)
  backend.close()
}

/** Writes an entry, adds a job and completes it, over and over. */
async function write(): Promise<void> {
  const backend = sqlite(path)
  const queue = backend.jobStore.queue('q')
  for (let round = 1; ; round++) {
    const key = `${round}`
    await Promise.all([
      backend.store.partition('p').commit({ set: [{ key, value: round }] }),
      queue.add([{ id: key, name: 'n', data: round, keepCompletedMs: 3_600_000 }]),
    ])
    await claimAndComplete(backend, 1)
    console.log(round)
  }
}

/** Claims and completes some jobs for each line of standard input, and answers with a line of their ids. */
async function claim(): Promise<void> {
  const backend = sqlite(path)
  for (;;) {
    const ids = [...(await claimAndComplete(backend, 3)), ...(await claimAndComplete(backend, 3))]
    console.log(ids.join(' '))
    if (ids.length === 0) break
    await once(process.stdin, 'data')
  }
  backend.close()
}

async function claimAndComplete(
  { jobStore }: SqliteBackend,
  limit: number,
): Promise<readonly string[]> {
  const queue = jobStore.queue('q')
  const { claimed } = await queue.exchange({ claim: { limit, leaseMs: 60_000 } })
  const settle = claimed.map(({ id, token }): Settlement => ({
    id,
    token,
    outcome: { to: 'completed' },
  }))
  const { settled } = await queue.exchange({ settle })
  return claimed.filter((_, index) => settled[index] === 'settled').map(({ id }) => id)
}
