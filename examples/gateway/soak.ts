/**
 * Publishes events to one endpoint of a gateway in local workerd at a steady rate, and says what
 * became of them.
 *
 * `npm run soak -- --minutes 1 --rate 40`
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { newRootKey, startLocalGateway } from './local-gateway.ts'
import { startReceiver } from './receiver.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    rate: { type: 'string', default: '40' },
  },
})
const minutes = numberOf('minutes', values.minutes, 600)
const rate = numberOf('rate', values.rate, 1000)
const events = Math.max(1, Math.round(minutes * 60 * rate))

const folder = mkdtempSync(join(tmpdir(), 'reuse-soak-'))
const key = newRootKey()
const acceptedAt = new Map<string, number>()
const arrivals = new Map<string, number>()
const accepting: number[] = []
const arriving: number[] = []
let refused = 0
const refusals = new Map<string, number>()

const receiver = await startReceiver(({ headers }) => {
  const id = headers['webhook-id'] ?? ''
  arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
  // What arrives before its publisher has the answer is counted when that comes.
  const at = acceptedAt.get(id)
  if (at !== undefined && arrivals.get(id) === 1) arriving.push(performance.now() - at)
  return 204
})
const gateway = await startLocalGateway({
  key,
  stateFolder: folder,
  variables: { ALLOW_PRIVATE_RECEIVERS: 'for local development' },
})
try {
  await post('/v1/webhooks/endpoints', { url: receiver.url, events: ['soak.*'] })
  const before = memoryOf()
  const keys = await Promise.all(
    // Each key may ask 1,000 times a minute.
    Array.from({ length: Math.ceil((rate * 60) / 900) }, async () => {
      const { key: made } = await post('/v1/keys', { label: 'soak' })
      return String(made)
    }),
  )
  const startedAt = performance.now()
  const publishing: Promise<void>[] = []
  for (let number = 0; number < events; number++) {
    const due = startedAt + (number * 1000) / rate
    await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())))
    publishing.push(publish(number, keys[number % keys.length] ?? key))
    if (number % Math.max(1, Math.round(rate)) === 0) progress(number)
  }
  await Promise.all(publishing)
  // What was accepted last is still on its way; 60 s are enough for any of it.
  // Events whose publisher got no answer may arrive too, so that numbers alone say nothing.
  const isAway = (id: string): boolean => !arrivals.has(id)
  for (let look = 0; look < 600 && [...acceptedAt.keys()].some(isAway); look++)
    await new Promise((done) => setTimeout(done, 100))
  process.stderr.write('\n')
  const lost = [...acceptedAt.keys()].filter(isAway).length
  const doubled = [...arrivals.values()].filter((times) => times > 1).length
  const after = memoryOf()
  const memory = (of: (held: typeof after) => number): string =>
    `${of(before)} MB at first, ${of(after)} MB at last`
  console.log(`events      ${events} in ${minutes} min, ${rate} a second, ${refused} refused
lost        ${lost}
doubled     ${doubled}
accepting   p50 ${quantile(accepting, 0.5)} ms, p99 ${quantile(accepting, 0.99)} ms
arriving    p50 ${quantile(arriving, 0.5)} ms, p99 ${quantile(arriving, 0.99)} ms after it was accepted
memory      ${memory(({ gateway: own }) => own)}; wrangler's proxy ${memory(({ proxy }) => proxy)}`)
  for (const [why, times] of refusals) console.log(`refused     ${times} times: ${why}`)
  process.exitCode = lost > 0 || refused > 0 ? 1 : 0
} finally {
  await gateway.stop()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
}

async function publish(number: number, as: string): Promise<void> {
  const sentAt = performance.now()
  try {
    const { id } = await post('/v1/events', { type: 'soak.tick', data: { number } }, as)
    const at = performance.now()
    accepting.push(at - sentAt)
    acceptedAt.set(String(id), at)
    if (arrivals.has(String(id))) arriving.push(0)
  } catch (error) {
    refused++
    const why = error instanceof Error ? error.message : String(error)
    refusals.set(why, (refusals.get(why) ?? 0) + 1)
  }
}

async function post(path: string, body: unknown, as = key): Promise<Record<string, unknown>> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  // Every route that is called here answers with an object.
  return answer as Record<string, unknown>
}

/**
 * MB that the gateway's workerd holds, and those of the proxy that wrangler puts in front of it: the latter grow with every
 * request, and are nothing that a deploy has.
 */
function memoryOf(): { readonly gateway: number; readonly proxy: number } {
  const lines = execFileSync('ps', ['-eo', 'rss=,args='], { encoding: 'utf8' }).split('\n')
  const workers = lines.filter((line) => line.includes('workerd') && line.includes(' serve '))
  const megabytes = (some: readonly string[]): number =>
    Math.round(some.reduce((sum, line) => sum + Number.parseInt(line, 10), 0) / 1024)
  const { port } = new URL(gateway.url)
  const isProxy = (line: string): boolean => line.includes(`--socket-addr=entry=127.0.0.1:${port} `)
  return {
    gateway: megabytes(workers.filter((line) => !isProxy(line))),
    proxy: megabytes(workers.filter(isProxy)),
  }
}

function progress(number: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${number} of ${events} published, ${arrivals.size} arrived `)
}

function quantile(times: readonly number[], share: number): string {
  const sorted = times.toSorted((left, right) => left - right)
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1)
}

function numberOf(name: string, text: string, most: number): number {
  const number = Number(text)
  if (number > 0 && number <= most) return number
  throw new RangeError(`Cannot soak: ${name} is not above 0 and at most ${most}`)
}
