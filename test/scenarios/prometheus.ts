import { spawnSync } from 'node:child_process'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import { MetricsService, pushgateway } from '../../src/services/logging/index.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import {
  isInstalled,
  serveMetrics,
  startPrometheus,
  startPushgateway,
  type LocalServer,
} from '../support/prometheus.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const LONGEST_MS = 60_000

/** Metrics of two isolates over one backend; who is asked shows the totals of both. */
async function isolates(): Promise<readonly [MetricsService, MetricsService]> {
  const backend = memory()
  // A second apart, so that the exemplar of one is the later one.
  const clock = { ...systemClock, now: () => systemClock.now() - 1000 }
  const all = [new MetricsService({ backend, clock }), new MetricsService({ backend })] as const
  for (const [index, metrics] of all.entries()) {
    metrics
      .counter('http.requests_total', { help: 'Requests "seen"', labels: ['route'] })
      .inc({ route: '/orders/"x"' }, index + 2, { trace_id: TRACE })
    metrics
      .histogram('took_seconds', { help: 'Time', unit: 'seconds', buckets: [0.1, 1] })
      .observe({}, 0.5, { trace_id: TRACE })
    metrics.gauge('level_bytes', { help: 'Level', unit: 'bytes', merge: 'sum' }).set(10)
    await metrics.flush()
  }
  return all
}

/** Asks until there is an answer that has something in it. */
async function eventually<Result>(ask: () => Promise<readonly Result[]>): Promise<Result> {
  const late = performance.now() + LONGEST_MS
  for (;;) {
    const [found] = await ask()
    if (found !== undefined) return found
    if (performance.now() > late) throw new Error('Prometheus has nothing to say of it')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function query(server: LocalServer, path: string): Promise<readonly Series[]> {
  const response = await fetch(`${server.url}/api/v1/${path}`)
  const { data } = (await response.json()) as { data: { result: Series[] } | Series[] }
  return Array.isArray(data) ? data : data.result
}

/** What Prometheus answers of one series. */
interface Series {
  readonly metric?: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly exemplars?: readonly { readonly labels: object; readonly value: string }[]
}

async function scrape(): Promise<void> {
  const [metrics] = await isolates()
  const asked: (string | undefined)[] = []
  const target = await serveMetrics(metrics, asked)
  const server = await startPrometheus([target.url])
  try {
    const value = async (expression: string): Promise<string | undefined> =>
      (await eventually(() => query(server, `query?query=${encodeURIComponent(expression)}`)))
        .value?.[1]
    const range = `start=${Math.floor(Date.now() / 1000) - 300}&end=${Math.floor(Date.now() / 1000) + 300}`
    const route = '{route="/orders/\\"x\\""}'
    expectEqual(await value(`http_requests_total${route}`), '5')
    expectEqual(await value('took_seconds_bucket{le="1.0"}'), '2')
    expectEqual(await value('level_bytes'), '20')
    expectEqual(await value('up'), '1')
    for (const [name, shown] of [
      ['http_requests_total', '3'],
      ['took_seconds_bucket', '0.5'],
    ]) {
      const { exemplars } = await eventually(() =>
        query(server, `query_exemplars?query=${name}&${range}`),
      )
      expectEqual(
        exemplars?.map(({ labels, value: own }) => ({ labels, value: own })),
        [{ labels: { trace_id: TRACE }, value: shown }],
      )
    }
    expectTrue(asked[0]?.includes('application/openmetrics-text') === true, 'OpenMetrics wanted')
  } finally {
    await server.stop()
    await target.stop()
  }
}

async function push(): Promise<void> {
  const gateway = await startPushgateway()
  try {
    const backend = memory()
    const group = { zone: 'eu/1', instance: 'a b' }
    const exporters = [pushgateway({ url: gateway.url, job: 'nightly', group })]
    const metrics = new MetricsService({ backend, exporters })
    const done = metrics.counter('done_total', { help: 'Done', labels: ['a'] })
    for (const by of [2, 3]) {
      done.inc({ a: 'ü"\\\n' }, by)
      const { errors } = await metrics.flush()
      expectEqual(errors, [])
    }
    const shown = await (await fetch(`${gateway.url}/metrics`)).text()
    expectTrue(
      shown.includes('done_total{a="ü\\"\\\\\\n",instance="a b",job="nightly",zone="eu/1"} 5\n'),
      'the total under its group',
    )
  } finally {
    await gateway.stop()
  }
}

async function lint(): Promise<void> {
  const [metrics] = await isolates()
  const { body } = await metrics.expose()
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body })
  expectEqual([status, String(stderr)], [0, ''])
}

function caseOf(program: string, name: string, run: () => Promise<void>): SuiteCase {
  if (isInstalled(program)) return { name, run }
  return { name, run, excused: `${program} is not installed here; on Debian the tests install it` }
}

const cases = [
  caseOf('promtool', 'promtool finds nothing wrong with what is shown', lint),
  caseOf('prometheus', 'Prometheus scrapes totals of several isolates, and exemplars', scrape),
  caseOf('prometheus-pushgateway', 'a Pushgateway keeps what was pushed last of each group', push),
]
const failed = await runSuites(
  'node',
  [{ subject: 'MetricsService', adapter: 'Prometheus', cases }],
  console.log,
  process.argv[2],
)
if (failed > 0) process.exitCode = 1
