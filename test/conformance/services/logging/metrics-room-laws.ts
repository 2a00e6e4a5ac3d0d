import type { StoreEntry } from '../../../../src/runtime/ports/atomic-store/atomic-store.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { MetricsService } from '../../../../src/services/logging/metrics/metrics-service.ts'
import { createSeededRandom } from '../../../../src/testing/index.ts'
import type { LoggingHarness } from './logging-suites.ts'

const NAMESPACE = 'room'

/** What metrics keep in a store, and that one of them does not cost the others theirs. */
export const metricsRoomLaws: readonly Law<LoggingHarness>[] = [
  {
    name: 'entries do not grow with isolates that come and go, however many metrics each has',
    async run(harness) {
      const { store } = await harness.open()
      const keysAfter: number[] = []
      for (let isolate = 0; isolate < 9; isolate++) {
        const metrics = start(store, harness, isolate)
        for (let at = 0; at < 60; at++) metrics.counter(`m${at}_total`, { help: 'h' }).inc()
        await metrics.flush()
        keysAfter.push((await entriesOf(store)).length)
        await harness.advance(300_000)
      }
      expectTrue(keysAfter.at(-1) === keysAfter.at(-3), `as many keys as before: ${keysAfter}`)
      const families = await start(store, harness, 100).read()
      expectEqual(
        families.map(({ series }) => series[0]?.value),
        families.map(() => 9),
      )
    },
  },
  {
    name: 'a gauge that stays as it is counts as long as its isolate flushes',
    async run(harness) {
      const { store } = await harness.open()
      const isolates = [1, 2].map((seed) => start(store, harness, seed))
      for (const metrics of isolates) metrics.gauge('pool', { help: 'h', merge: 'sum' }).set(5)
      for (let minutes = 0; minutes < 25; minutes += 3) {
        for (const metrics of isolates) await metrics.flush()
        await harness.advance(180_000)
      }
      const [pool] = await start(store, harness, 3).read()
      expectEqual(pool?.series[0]?.value, 10)
    },
  },
  {
    name: 'infinite values, the longest names and more exemplars than fit cost no other metric its place',
    async run(harness) {
      const { store } = await harness.open()
      const metrics = start(store, harness, 1)
      metrics.gauge('deadline', { help: 'h' }).set(Infinity)
      metrics.counter('é'.repeat(200), { help: 'h' }).inc()
      const took = metrics.histogram('took', {
        help: 'h',
        labels: ['path'],
        buckets: Array.from({ length: 60 }, (_, at) => at),
      })
      for (let path = 0; path < 400; path++)
        for (let at = 0; at < 60; at++)
          took.observe({ path: `/${path}` }, at, {
            trace_id: 'a'.repeat(32),
            span_id: '0123456789abcdef',
          })
      metrics.counter('seen_total', { help: 'h' }).inc()
      const { errors } = await metrics.flush()
      expectEqual(errors, [])
      const read = await start(store, harness, 2).read()
      const valueOf = (name: string): number | undefined =>
        read.find((family) => family.name === name)?.series[0]?.value
      expectEqual(
        [valueOf('deadline'), valueOf('seen'), valueOf('é'.repeat(200))],
        [Infinity, 1, 1],
      )
      const counted = read
        .find(({ name }) => name === 'took')
        ?.series.flatMap(({ counts = [] }) => counts)
        .reduce((sum, count) => sum + count, 0)
      expectEqual(counted, 24_000)
    },
  },
  {
    name: 'a flush that is overtaken by a later one of its isolate takes nothing back',
    async run(harness) {
      const { store } = await harness.open()
      for (const holds of ['before', 'after'] as const) {
        const { promise: held, resolve: release } = Promise.withResolvers<void>()
        let isFirst = true
        const partition = (name: string): ReturnType<typeof store.partition> => {
          const whole = store.partition(name)
          return Object.create(whole, {
            commit: {
              async value(change: Parameters<typeof whole.commit>[0]) {
                const isHeld =
                  isFirst && change.set?.some(({ key }) => key.startsWith('i/')) === true
                if (isHeld) isFirst = false
                if (isHeld && holds === 'before') await held
                const result = await whole.commit(change)
                if (isHeld && holds === 'after') await held
                return result
              },
            },
          }) as typeof whole
        }
        const metrics = start({ partition }, harness, holds === 'before' ? 10 : 11)
        const seen = metrics.counter(`${holds}_total`, { help: 'h' })
        seen.inc()
        const overtaken = metrics.flush()
        while (isFirst) await new Promise((resolve) => setTimeout(resolve))
        seen.inc()
        await metrics.flush()
        release()
        await overtaken
        const read = await start(store, harness, 12).read()
        expectEqual(read.find(({ name }) => name === holds)?.series[0]?.value, 2)
        await metrics.flush()
        seen.inc()
        await metrics.flush()
        const again = await start(store, harness, 13).read()
        expectEqual(again.find(({ name }) => name === holds)?.series[0]?.value, 3)
      }
    },
  },
  {
    name: 'what the store refuses of one metric is told, and the others are written',
    async run(harness) {
      const { store } = await harness.open()
      const partition = (name: string): ReturnType<typeof store.partition> => {
        const whole = store.partition(name)
        return Object.create(whole, {
          commit: {
            value(change: Parameters<typeof whole.commit>[0]) {
              if (change.set?.some(({ key }) => /^i\/.*\/odd$/.test(key)))
                throw new RangeError('Cannot commit to store: a value is too large')
              return whole.commit(change)
            },
          },
        }) as typeof whole
      }
      const metrics = start({ partition }, harness, 1)
      for (const name of ['a_total', 'odd', 'z_total']) metrics.counter(name, { help: 'h' }).inc()
      const { sent, errors } = await metrics.flush()
      expectEqual([sent, errors.length], [2, 1])
      const read = await start(store, harness, 2).read()
      expectEqual(
        read.map(({ name }) => name),
        ['a', 'z'],
      )
    },
  },
]

type Store = Awaited<ReturnType<LoggingHarness['open']>>['store']

function start(
  store: Pick<Store, 'partition'>,
  { clock }: LoggingHarness,
  seed: number,
): MetricsService {
  return new MetricsService({
    backend: { store },
    namespace: NAMESPACE,
    clock,
    random: createSeededRandom(5000 + seed),
    maxSeries: 2000,
  })
}

async function entriesOf(store: Store): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  let cursor: string | null | undefined
  do {
    const page = await store
      .partition(`metrics:${NAMESPACE}:0`)
      .list({ limit: 1000, ...(typeof cursor === 'string' && { cursor }) })
    entries.push(...page.entries)
    cursor = page.cursor
  } while (cursor !== null)
  return entries
}
