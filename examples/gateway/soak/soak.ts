/**
 * Asks all services of a gateway in local workerd at a steady rate, and says what became of it.
 *
 * `npm run soak -- --minutes 10 --rate 200`
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from '@white-cross/reuse/infrastructure/client'
import { newRootKey, startLocalGateway } from '../local-gateway.ts'
import { startReceiver } from '../receiver.ts'
import { createSoakMix, type SoakKind, type SoakMix } from './soak-mix.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    rate: { type: 'string', default: '40' },
  },
})
const minutes = numberOf('minutes', values.minutes, 600)
const rate = numberOf('rate', values.rate, 1000)
const asked = Math.max(1, Math.round(minutes * 60 * rate))
/** What is on its way at once at most: a gateway that is too slow is asked less often, and that is said. */
const MOST_AT_ONCE = 500
const LIMITED_PER_MINUTE = 30

/** How one kind was answered. */
interface Answers {
  readonly ms: number[]
  readonly refusals: Map<string, number>
}

const folder = mkdtempSync(join(tmpdir(), 'reuse-soak-'))
const key = newRootKey()
let mix: SoakMix | undefined
const receiver = await startReceiver((request) => {
  mix?.receive(request)
  return 204
})
const gateway = await startLocalGateway({
  key,
  stateFolder: folder,
  variables: {
    ALLOW_PRIVATE_RECEIVERS: 'for local development',
    REQUESTS_PER_MINUTE: '1000000',
    TENANT_REQUESTS_PER_MINUTE: '1000000',
  },
})
try {
  const root = createClient({ baseUrl: gateway.url, apiKey: key })
  await root.webhooks.endpoints.create({ url: receiver.url, events: ['soak.*'] })
  const made = await root.keys.create({ label: 'soak', requestsPerMinute: LIMITED_PER_MINUTE })
  mix = createSoakMix({
    ...{ url: gateway.url, key, receiver: receiver.url },
    limited: { key: made.key, perMinute: LIMITED_PER_MINUTE },
  })
  const answers = new Map(
    mix.kinds.map((kind): [SoakKind, Answers] => [kind, { ms: [], refusals: new Map() }]),
  )
  const memory = [memoryOf()]
  const startedAt = performance.now()
  const onTheirWay = new Set<Promise<void>>()
  for (let number = 0; number < asked; number++) {
    const due = startedAt + (number * 1000) / rate
    await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())))
    while (onTheirWay.size >= MOST_AT_ONCE) await Promise.race(onTheirWay)
    const asking = ask(mix.kindOf(number), number)
    onTheirWay.add(asking)
    void asking.then(() => onTheirWay.delete(asking))
    if (number % Math.ceil(rate) === 0) progress(number)
    if (performance.now() - startedAt > memory.length * 30_000) memory.push(memoryOf())
  }
  await Promise.all(onTheirWay)
  const tookMs = performance.now() - startedAt
  // What was accepted last is still on its way; two minutes are enough for any of it.
  const left = await untilNothingIsMissing(mix.kinds, 120_000)
  memory.push(memoryOf())
  process.stderr.write('\n')

  console.log(
    `${asked} asked for in ${(tookMs / 60_000).toFixed(1)} min, ${((asked * 1000) / tookMs).toFixed(0)} a second of ${rate}\n`,
  )
  console.log('| kind | asked | refused | lost | doubled | p50 ms | p99 ms |')
  console.log('|---|---:|---:|---:|---:|---:|---:|')
  let wrong = 0
  for (const [kind, { ms, refusals }] of answers) {
    const refused = sum(refusals.values())
    const [lost, doubled] = [left.get(kind) ?? 0, kind.doubled?.() ?? 0]
    wrong += refused + lost + (kind.never === true ? doubled : 0)
    const cells = [kind.name, ms.length + refused, refused, lost, doubled]
    console.log(`| ${[...cells, quantile(ms, 0.5), quantile(ms, 0.99)].join(' | ')} |`)
  }
  const { arriving } = mix
  console.log(
    `\narriving    p50 ${quantile(arriving, 0.5)} ms, p99 ${quantile(arriving, 0.99)} ms after an event or job was accepted`,
  )
  const series = (of: (held: Memory) => number): string => memory.map(of).join(', ')
  console.log(`memory      ${series((held) => held.gateway)} MB, each half minute and at the end`)
  console.log(`            wrangler's proxy: ${series((held) => held.proxy)} MB`)
  for (const [{ name }, { refusals }] of answers)
    for (const [why, times] of refusals) console.log(`refused     ${name} ${times} times: ${why}`)
  process.exitCode = wrong > 0 ? 1 : 0

  async function ask(kind: SoakKind, number: number): Promise<void> {
    const sentAt = performance.now()
    // Each kind has its answers.
    const { ms, refusals } = answers.get(kind) as Answers
    try {
      await kind.act(number)
      ms.push(performance.now() - sentAt)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      refusals.set(why, (refusals.get(why) ?? 0) + 1)
    }
  }
} finally {
  await gateway.stop()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
}

/** @returns What is missing at last, by kind */
async function untilNothingIsMissing(
  kinds: readonly SoakKind[],
  atMostMs: number,
): Promise<ReadonlyMap<SoakKind, number>> {
  for (const until = performance.now() + atMostMs; ;) {
    const missing = new Map<SoakKind, number>()
    for (const kind of kinds) missing.set(kind, (await kind.missing?.()) ?? 0)
    if (sum(missing.values()) === 0 || performance.now() > until) return missing
    await new Promise((done) => setTimeout(done, 100))
  }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0)
}

/** MB. */
interface Memory {
  readonly gateway: number
  readonly proxy: number
}

/**
 * MB that the gateway's workerd holds, and those of the proxy that wrangler puts in front of it: the latter grow with every
 * request, and are nothing that a deploy has.
 */
function memoryOf(): Memory {
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
  if (process.stderr.isTTY) process.stderr.write(`\r${number} of ${asked} asked for `)
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
