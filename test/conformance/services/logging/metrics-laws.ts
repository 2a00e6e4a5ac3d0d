import type {
  AtomicStore,
  StorePartition,
} from '../../../../src/runtime/ports/atomic-store/atomic-store.ts'
import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { MetricsService } from '../../../../src/services/logging/metrics/metrics-service.ts'
import { createSeededRandom } from '../../../../src/testing/index.ts'
import type { LoggingHarness } from './logging-suites.ts'

/** Isolates of one program, each with a service of its own over one store. */
interface Isolates {
  readonly store: AtomicStore
  /** Starts one. */
  start(namespace?: string, shards?: number): MetricsService
  /** The lines that any of them shows, without comments. */
  shown(of?: MetricsService): Promise<readonly string[]>
}

async function isolatesOf({ open, clock }: LoggingHarness): Promise<Isolates> {
  const { store } = await open()
  let seed = 0
  const start = (namespace = 'laws', shards = 1): MetricsService =>
    new MetricsService({
      backend: { store },
      namespace,
      shards,
      clock,
      random: createSeededRandom(++seed),
    })
  return {
    store,
    start,
    async shown(of = start()) {
      const { body } = await of.expose()
      return body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    },
  }
}

const count = (metrics: MetricsService, by = 1, path = '/'): void =>
  metrics.counter('seen_total', { help: 'Seen', labels: ['path'] }).inc({ path }, by)

/** What metrics over several isolates promise on every backend. */
export const metricsLaws: readonly Law<LoggingHarness>[] = [
  {
    name: 'flush() by several isolates gives totals over all of them, whichever is asked',
    async run(harness) {
      const { start, shown } = await isolatesOf(harness)
      const [one, two] = [start(), start()]
      count(one, 2)
      count(two, 3)
      count(two, 1, '/x')
      for (const metrics of [one, two])
        metrics
          .histogram('took', { help: 'Took', buckets: [1, 2] })
          .observe(metrics === one ? 0.5 : 1.5)
      await Promise.all([one.flush(), two.flush()])
      count(one)
      await one.flush()
      expectEqual(await shown(), [
        'seen_total{path="/"} 6',
        'seen_total{path="/x"} 1',
        'took_bucket{le="1"} 1',
        'took_bucket{le="2"} 2',
        'took_bucket{le="+Inf"} 2',
        'took_sum 2',
        'took_count 2',
      ])
      // Who is asked tells also what it has not written yet.
      count(two)
      expectEqual((await shown(two))[0], 'seen_total{path="/"} 7')
    },
  },
  {
    name: 'gauges of several isolates become one by their policy',
    async run(harness) {
      const { start, shown } = await isolatesOf(harness)
      const [one, two] = [start(), start()]
      for (const [metrics, value] of [
        [one, 5],
        [two, 3],
      ] as const) {
        for (const merge of ['last', 'sum', 'min', 'max'] as const)
          metrics.gauge(`g_${merge}`, { help: 'x', merge }).set(value)
        await metrics.flush()
        await harness.advance(1)
      }
      expectEqual(await shown(), ['g_last 3', 'g_max 5', 'g_min 3', 'g_sum 8'])
      // One that is gone says nothing of now.
      await harness.advance(599_990)
      two.gauge('g_sum', { help: 'x', merge: 'sum' }).set(4)
      await two.flush()
      await harness.advance(20)
      expectTrue((await shown(two)).includes('g_sum 4'), 'only the one that still runs')
    },
  },
  {
    name: 'a flush whose outcome is not known counts once, whether it was written or not',
    async run(harness) {
      const { store, shown } = await isolatesOf(harness)
      for (const written of [true, false]) {
        const failing = failingStore(store, written)
        const metrics = new MetricsService({
          backend: { store: failing },
          namespace: 'laws',
          clock: harness.clock,
          random: createSeededRandom(written ? 77 : 78),
        })
        count(metrics, 10)
        failing.fails = true
        const { sent, errors } = await metrics.flush()
        expectEqual([sent, errors.length], [0, 1])
        failing.fails = false
        count(metrics, 1)
        await metrics.flush()
        await metrics.flush()
      }
      expectEqual(await shown(), ['seen_total{path="/"} 22'])
    },
  },
  {
    name: 'isolates that are gone leave their totals behind, and no entries of their own',
    async run(harness) {
      const { store, start, shown } = await isolatesOf(harness)
      for (let isolate = 0; isolate < 12; isolate++) {
        const metrics = start()
        count(metrics)
        await metrics.flush()
      }
      await harness.advance(600_001)
      const last = start()
      count(last)
      await last.flush()
      expectEqual(await shown(last), ['seen_total{path="/"} 13'])
      expectEqual((await keysOf(store)).filter((key) => key.startsWith('i/')).length, 1)
      // And again over what was folded before.
      await harness.advance(600_001)
      const next = start()
      count(next)
      await next.flush()
      expectEqual(await shown(next), ['seen_total{path="/"} 14'])
    },
  },
  {
    name: 'one that seemed to be gone and comes back counts on, once',
    async run(harness) {
      const { store, start, shown } = await isolatesOf(harness)
      for (const unknown of ['none', 'written', 'lost'] as const) {
        const failing = failingStore(store, unknown === 'written')
        const sleeper = new MetricsService({
          backend: { store: failing },
          namespace: 'laws',
          clock: harness.clock,
          random: createSeededRandom(200 + unknown.charCodeAt(0)),
        })
        count(sleeper, 5)
        sleeper.histogram('took', { help: 'Took', buckets: [1] }).observe(0.5)
        await sleeper.flush()
        if (unknown !== 'none') {
          count(sleeper, 2)
          failing.fails = true
          await sleeper.flush()
          failing.fails = false
        }
        await harness.advance(600_001)
        const other = start()
        count(other, 1)
        await other.flush()
        count(sleeper, 3)
        await sleeper.flush()
        count(sleeper, 1)
        await sleeper.flush()
      }
      // 5 + 3 + 1 and one of another, three times; two more where a flush was in doubt.
      const lines = await shown()
      expectEqual(lines[0], 'seen_total{path="/"} 34')
      expectEqual(
        lines.find((line) => line.startsWith('took_count')),
        'took_count 3',
      )
    },
  },
  {
    name: 'a metric that the store has with other bounds is refused, until it is forgotten',
    async run(harness) {
      const { start, shown } = await isolatesOf(harness)
      const old = start()
      old.histogram('took', { help: 'Took', buckets: [1] }).observe(0.5)
      await old.flush()
      const fresh = start()
      fresh.histogram('took', { help: 'Took', buckets: [1, 2] }).observe(0.5)
      count(fresh)
      const refused = await fresh.flush()
      expectEqual([refused.sent, refused.errors.length], [1, 1])
      await fresh.forget('took')
      fresh.histogram('took', { help: 'Took', buckets: [1, 2] }).observe(1.5)
      await fresh.flush()
      expectTrue((await shown()).includes('took_bucket{le="2"} 2'), 'the new bounds to hold')
    },
  },
  {
    name: 'many isolates at once, over several partitions, lose nothing',
    async run(harness) {
      const { start, shown } = await isolatesOf(harness)
      const all = Array.from({ length: 8 }, () => start('many', 3))
      for (let round = 0; round < 3; round++) {
        for (const metrics of all) count(metrics)
        await Promise.all(all.map((metrics) => metrics.flush()))
      }
      expectEqual(await shown(start('many', 3)), ['seen_total{path="/"} 24'])
    },
  },
  {
    name: 'reading writes nothing, and what did not change is not written again',
    async run(harness) {
      const { store, start, shown } = await isolatesOf(harness)
      expectEqual(await shown(), [])
      expectEqual(await keysOf(store), [])
      const watched = countingStore(store)
      const metrics = new MetricsService({
        backend: { store: watched },
        namespace: 'laws',
        clock: harness.clock,
      })
      count(metrics)
      await metrics.flush()
      const after = watched.commits
      await metrics.flush()
      await metrics.expose()
      expectEqual(watched.commits, after)
      expectEqual((await start().read()).length, 1)
    },
  },
]

async function keysOf(store: AtomicStore): Promise<readonly string[]> {
  const { entries } = await store.partition('metrics:laws:0').list({ limit: 1000 })
  return entries.map(({ key }) => key)
}

/** A store whose commits fail, after or before they took effect. */
function failingStore(store: AtomicStore, written: boolean): AtomicStore & { fails: boolean } {
  const failing = {
    fails: false,
    partition(name: string): StorePartition {
      const partition = store.partition(name)
      return {
        get: (key) => partition.get(key),
        getMany: (keys) => partition.getMany(keys),
        list: (options) => partition.list(options),
        async commit(change) {
          if (!failing.fails) return partition.commit(change)
          if (written) await partition.commit(change)
          throw new BackendError('backend_unavailable', 'Cannot commit: the connection broke')
        },
      }
    },
  }
  return failing
}

function countingStore(store: AtomicStore): AtomicStore & { commits: number } {
  const counting = {
    commits: 0,
    partition(name: string): StorePartition {
      const partition = store.partition(name)
      return {
        get: (key) => partition.get(key),
        getMany: (keys) => partition.getMany(keys),
        list: (options) => partition.list(options),
        commit(change) {
          counting.commits++
          return partition.commit(change)
        },
      }
    },
  }
  return counting
}
