import { join } from 'node:path'
import { serveWorkers } from './serve-workers.ts'

const DECISIONS = 500
const ROUNDS = 3

const ACTS = [
  ['one', 'one key: all decisions of one object, one row read and written'],
  ['many', '1000 keys over 64 objects (`rateLimitShards`)'],
  ['denied', 'one key, denied: one row read, none written'],
  ['remembered', 'one key, denied, remembered in the isolate: no call'],
  ['bare', 'a bare object: a call that reads and writes one row, no limits'],
] as const

/** Decisions a second of Durable Objects in workerd. */
export async function measure(machine: string): Promise<string> {
  const served = await serveWorkers([
    { name: 'limits', entry: join(import.meta.dirname, 'workers/limits.worker.ts') },
  ])
  try {
    const rates = new Map(ACTS.map(([act]): [string, number[]] => [act, []]))
    for (let round = -1; round < ROUNDS; round++)
      for (const [act] of ACTS) {
        const startedAt = performance.now()
        const response = await fetch(`${served.url('limits')}${act}?count=${DECISIONS}`)
        if ((await response.text()) !== 'done')
          throw new Error(`Cannot measure: ${response.status}, done expected`)
        const rate = (DECISIONS * 1000) / (performance.now() - startedAt)
        if (round >= 0) rates.get(act)?.push(rate)
      }
    return [
      '## Durable Objects: decisions a second',
      '',
      `${DECISIONS} decisions by \`GcraLimiter\`, 100 at a time, called in a Worker; everything in one local workerd (\`workerd serve\`), which runs all objects on one thread, with SQLite storage on disk. On Cloudflare the objects of different keys run beside one another.`,
      '',
      '| | median a second | least – most |',
      '|---|---:|---:|',
      ...ACTS.map(([act, name]) => {
        const sorted = (rates.get(act) ?? []).toSorted((a, b) => a - b)
        const [least = 0, most = 0, median = 0] = [sorted[0], sorted.at(-1), sorted[ROUNDS >> 1]]
        return `| ${name} | ${whole(median)} | ${whole(least)} – ${whole(most)} |`
      }),
      '',
      `Measured on ${machine}.`,
      '',
    ].join('\n')
  } finally {
    await served.stop()
  }
}

function whole(rate: number): string {
  return Math.round(rate).toLocaleString('en-US')
}
