import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { compare, type Comparison, type Comparisons } from './compare.ts'
import { render } from './render.ts'

/** A benchmark file exports how to set itself up; `name` is the file's. */
interface Benchmark {
  setUp(): Promise<(Comparison & Pick<Comparisons, 'tearDown'>) | Comparisons>
}

/** A file whose figures stand alone, without a peer. */
interface Measurement {
  /** @returns The Markdown that stands in `results/` */
  measure(machine: string): Promise<string>
}

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark | Measurement>>> = {
  costs: () => import('./costs.ts'),
  gateway: () => import('./gateway.ts'),
  'gateway-start': () => import('./gateway-start.ts'),
  growth: () => import('./growth.ts'),
  'jobs-durable-objects': () => import('./jobs-durable-objects.ts'),
  'jobs-latency': () => import('./jobs-latency.ts'),
  'jobs-redis-cost': () => import('./jobs-redis-cost.ts'),
  payments: () => import('./payments.ts'),
  notifications: () => import('./notifications.ts'),
  logging: () => import('./logging.ts'),
  'rate-limiting': () => import('./rate-limiting.ts'),
  'rate-limiting-durable-objects': () => import('./rate-limiting-durable-objects.ts'),
  sidecar: () => import('./sidecar.ts'),
  storage: () => import('./storage.ts'),
  'rate-limiting-hono': () => import('./rate-limiting-hono.ts'),
  'webhook-receiving': () => import('./webhook-receiving.ts'),
  'jobs-sqlite-bullmq': () => import('./jobs-sqlite-bullmq.ts'),
  'jobs-redis-bullmq': () => import('./jobs-redis-bullmq.ts'),
  'store-commit-raw-sqlite': () => import('./store-commit-raw-sqlite.ts'),
  'webhook-delivery': () => import('./webhook-delivery.ts'),
  'webhook-signatures': () => import('./webhook-signatures.ts'),
}

const { bun, deno, node } = process.versions
const runtime = bun
  ? { name: 'Bun', version: bun }
  : deno
    ? { name: 'Deno', version: deno }
    : { name: 'Node', version: node }

const wanted = process.argv.slice(2)
for (const name of wanted.length > 0 ? wanted : Object.keys(BENCHMARKS)) {
  const load = BENCHMARKS[name]
  if (load === undefined)
    throw new RangeError(
      `Cannot run benchmark "${name}": ${Object.keys(BENCHMARKS).join(', ')} are known`,
    )
  const loaded = await load()
  if ('measure' in loaded) {
    keep(name, [await loaded.measure(machine())])
    continue
  }
  const benchmark = await loaded.setUp()
  try {
    const texts: string[] = []
    for (const comparison of 'comparisons' in benchmark ? benchmark.comparisons : [benchmark]) {
      texts.push(render(await compare(comparison), machine()))
    }
    keep(name, texts)
  } finally {
    await benchmark.tearDown()
  }
}

function keep(name: string, texts: readonly string[]): void {
  const text = texts.join('\n')
  const suffix = runtime.name === 'Node' ? '' : `-${runtime.name.toLowerCase()}`
  console.log(text)
  const folder = new URL('./results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${name}${suffix}.md`, folder), text)
}

function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${gib} GiB, ${runtime.name} ${runtime.version}, load ${loadavg()[0]?.toFixed(1)}, commit ${commit}, ${new Date().toISOString().slice(0, 10)}`
}
