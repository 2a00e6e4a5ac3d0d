import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { QueueStore } from '@white-cross/reuse/infrastructure/runtime/ports'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { Redis } from 'ioredis'
import { fillQueue, GROWTH_STEPS } from '../test/costs/growth-steps.ts'
import { startRedis } from './redis-server.ts'

/** Up to how many jobs; `GROWTH_MOST=1000000` takes some minutes. */
const MOST = Number(process.env['GROWTH_MOST'] ?? 100_000)
const SIZES = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= MOST)
const RUNS = 21
const LARGE = 'x'.repeat(1_000_000)
const LEASE_MS = 3_600_000

/** A backend's queue, and what it keeps in bytes. */
interface Opened {
  readonly queue: QueueStore
  bytes(): Promise<number>
  close(): Promise<void>
}

const BACKENDS: Readonly<Record<string, () => Promise<Opened>>> = {
  memory: async () => ({
    queue: memory().jobStore.queue('q'),
    bytes: async () => process.memoryUsage().heapUsed,
    close: async () => undefined,
  }),
  SQLite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
    const path = join(folder, 'jobs.db')
    const backend = sqlite(path)
    return {
      queue: backend.jobStore.queue('q'),
      async bytes() {
        const looking = new DatabaseSync(path)
        looking.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        looking.close()
        return statSync(path).size
      },
      async close() {
        backend.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
  Redis: async () => {
    const server = await startRedis()
    const client = new Redis(server.port, '127.0.0.1')
    // The server may still be starting; the client connects again.
    client.on('error', () => undefined)
    return {
      queue: redis(client).jobStore.queue('q'),
      bytes: async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1] ?? 0),
      async close() {
        client.disconnect()
        await server.stop()
      },
    }
  },
}

/** Measures what a queue costs by how many jobs are in it. @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const columns = SIZES.map((size) => size.toLocaleString('en-US'))
  const lines: string[] = []
  const largeLines: string[] = []
  for (const [name, open] of Object.entries(BACKENDS)) {
    const steps: string[][] = GROWTH_STEPS.map(() => [])
    const bytes: string[] = []
    for (const size of SIZES) {
      const opened = await open()
      const before = await opened.bytes()
      await fillQueue(opened.queue, size)
      bytes.push(String(Math.round(((await opened.bytes()) - before) / (2 * size))))
      for (const [index, { run }] of GROWTH_STEPS.entries())
        steps[index]?.push(await timed(() => run(opened.queue)))
      await opened.close()
    }
    for (const [index, step] of GROWTH_STEPS.entries())
      lines.push(`| ${name} | ${step.name} | ${steps[index]?.join(' | ')} |`)
    lines.push(`| ${name} | bytes a job | ${bytes.join(' | ')} |`)
    largeLines.push(await withLargeJobs(name, open))
  }
  return [
    '## A queue that grows',
    '',
    `n ready and n completed jobs without data in one queue. Milliseconds from call to answer, the middle of ${RUNS} / for how long the event loop of the process worked meanwhile, the most of ${RUNS}: nothing else can be done then. SQLite in a file, WAL, synchronous=FULL; Redis 7 on loopback, appendfsync everysec. SQLite waits for its disk in each exchange, three times in the last operation: where that takes longer with more jobs it is the disk, which still writes what the queue was filled with, since statements and rows are the same (\`test/costs/growth.test.ts\`). What Durable Objects read and write is counted by a law of the conformance run. \`GROWTH_MOST=1000000 npm run bench growth\` goes on to a million.`,
    '',
    `| backend | operation | ${columns.join(' | ')} |`,
    `|---|---|${columns.map(() => '---:|').join('')}`,
    ...lines,
    '',
    '20 jobs of 1 MB each: milliseconds a job to add, claim and settle it, and to renew all 20 leases at once.',
    '',
    '| backend | a job | 20 renewals |',
    '|---|---:|---:|',
    ...largeLines,
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

async function timed(act: () => Promise<unknown>): Promise<string> {
  const times: number[] = []
  let most = 0
  for (let run = 0; run < RUNS; run++) {
    const loop = performance.eventLoopUtilization()
    const start = performance.now()
    await act()
    times.push(performance.now() - start)
    most = Math.max(most, performance.eventLoopUtilization(loop).active)
  }
  const middle = times.toSorted((a, b) => a - b)[RUNS >> 1] ?? 0
  return `${middle.toFixed(2)} / ${most.toFixed(1)}`
}

async function withLargeJobs(name: string, open: () => Promise<Opened>): Promise<string> {
  const { queue, close } = await open()
  const start = performance.now()
  for (let index = 0; index < 20; index++) await queue.add([{ name: 'n', data: LARGE }])
  const held: { readonly id: string; readonly token: number }[] = []
  while (held.length < 20) {
    const { claimed } = await queue.exchange({ claim: { limit: 20, leaseMs: LEASE_MS } })
    held.push(...claimed.map(({ id, token }) => ({ id, token })))
  }
  const renewing = performance.now()
  await queue.exchange({ extend: held.map((job) => ({ ...job, leaseMs: LEASE_MS })) })
  const renewed = performance.now()
  await queue.exchange({
    settle: held.map((job) => ({ ...job, outcome: { to: 'completed' } as const })),
  })
  const spent = performance.now() - start - (renewed - renewing)
  await close()
  return `| ${name} | ${(spent / 20).toFixed(1)} | ${(renewed - renewing).toFixed(1)} |`
}
