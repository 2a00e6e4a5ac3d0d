import { join } from 'node:path'
import { signWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { serveWorkers } from './serve-workers.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const REQUESTS = 1000
const CONCURRENCY = 16
const PATHS = [
  ['plain', 'reads the body and answers'],
  ['verify', 'and verifies, parses and calls the handler'],
  ['dedupe', 'and remembers it in a Durable Object (two commits)'],
  ['enqueue', 'and hands it to a queue in another one (one more)'],
] as const

/** Measures a receiver of webhooks in workerd, with one more step each time. @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const served = await serveWorkers([
    { name: 'receiver', entry: join(import.meta.dirname, 'workers/receiver.worker.ts') },
  ])
  try {
    const rows: string[] = []
    for (const [path, what] of PATHS) {
      await send(`${served.url('receiver')}${path}`, `${path}-warm`, 100)
      const times = await send(`${served.url('receiver')}${path}`, path, REQUESTS)
      rows.push(
        `| ${path}: ${what} | ${Math.round(times.perSecond)} | ${times.p50.toFixed(2)} | ${times.p99.toFixed(2)} |`,
      )
    }
    return [
      '## Webhooks: receiving in workerd',
      '',
      `${REQUESTS} webhooks of 256 bytes, signed before by Standard Webhooks, each with an id of its own, sent from Node ${CONCURRENCY} at a time to one Worker in local workerd (SQLite storage on disk, synced); milliseconds from sending a request to its answer. Each row does what the one above does, and more.`,
      '',
      '| the receiver | a second | p50 ms | p99 ms |',
      '|---|---:|---:|---:|',
      ...rows,
      '',
      'Local workerd waits for the disk with each commit; the production platform does not make a request wait alone.',
      '',
      `Measured on ${machine}.`,
      '',
    ].join('\n')
  } finally {
    await served.stop()
  }
}

async function send(
  url: string,
  prefix: string,
  count: number,
): Promise<{ readonly perSecond: number; readonly p50: number; readonly p99: number }> {
  const requests = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const body = JSON.stringify({ type: 'order.paid', data: { index, fill: 'x'.repeat(200) } })
      const timestamp = Math.floor(Date.now() / 1000)
      const headers = await signWebhook(body, SECRET, { id: `${prefix}-${index}`, timestamp })
      return { body, headers: { ...headers, 'content-type': 'application/json' } }
    }),
  )
  const times: number[] = []
  const startedAt = performance.now()
  const lane = async (): Promise<void> => {
    for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
      const sentAt = performance.now()
      const response = await fetch(url, { method: 'POST', ...request })
      await response.arrayBuffer()
      if (response.status !== 200)
        throw new Error(`Cannot measure: ${response.status}, 200 expected`)
      times.push(performance.now() - sentAt)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  const perSecond = (count * 1000) / (performance.now() - startedAt)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    perSecond,
    p50: sorted[Math.floor(count * 0.5)] ?? 0,
    p99: sorted[Math.floor(count * 0.99)] ?? 0,
  }
}
