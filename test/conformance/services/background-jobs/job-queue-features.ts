import { CircuitBreaker } from '../../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import {
  defineJob,
  type JobQueue,
  scheduleJob,
  type JobEvent,
} from '../../../../src/services/background-jobs/index.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { open, queueOn, type JobQueueHarness } from './job-queue-harness.ts'

const HOUR_MS = 3_600_000

/** Schedules, flows, keyed limits, breakers, events and redrive. */
export const jobQueueFeatureLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'scheduleJob() adds each tick once, under its scheduled instant',
    async run(harness) {
      const ran: string[] = []
      const queue = await open(harness, { tick: defineJob({ run: ({ id }) => void ran.push(id) }) })
      const made = await scheduleJob(queue, { name: 'tick', every: '1h', data: { n: 1 } })
      expectEqual([made.id, made.paused, made.runs], ['tick', false, 0])
      const first = made.nextRunAt ?? 0
      expectEqual(await queue.drain(), 0)
      for (let tick = 0; tick < 3; tick++) {
        await harness.advance(tick === 0 ? first - harness.clock.now() : HOUR_MS)
        await queue.drain()
        await queue.drain()
      }
      const want = [0, 1, 2].map((tick) => `tick@${new Date(first + tick * HOUR_MS).toISOString()}`)
      expectEqual(ran, want)
      const [listed] = await queue.schedules.list()
      expectEqual([listed?.nextRunAt, listed?.runs], [first + 3 * HOUR_MS, 3])
    },
  },
  {
    name: 'scheduleJob() said again changes nothing; said otherwise it replaces the schedule',
    async run(harness) {
      const queue = await open(harness, { tick: defineJob({ run: () => undefined }) })
      const hourly = { name: 'tick', id: 's', every: '1h', data: 1 } as const
      const made = await scheduleJob(queue, hourly)
      await harness.advance(60_000)
      expectEqual(await scheduleJob(queue, hourly), made)
      const daily = await scheduleJob(queue, {
        name: 'tick',
        id: 's',
        cron: '0 2 * * *',
        data: 1,
        options: { timezone: 'Europe/Berlin' },
      })
      expectEqual([daily.schedule.kind, (await queue.schedules.list()).length], ['cron', 1])
      expectTrue(
        daily.nextRunAt !== null && daily.nextRunAt > harness.clock.now(),
        'the next run to be ahead',
      )
    },
  },
  {
    name: 'a schedule runs the latest of the ticks it missed, and none while paused',
    async run(harness) {
      const ran: string[] = []
      const queue = await open(harness, { tick: defineJob({ run: ({ id }) => void ran.push(id) }) })
      await scheduleJob(queue, { name: 'tick', every: '1h', data: 1 })
      await harness.advance(5 * HOUR_MS)
      await queue.drain()
      expectEqual(ran.length, 1)
      expectEqual(await queue.schedules.pause('tick'), true)
      await harness.advance(2 * HOUR_MS)
      await queue.drain()
      expectEqual([ran.length, (await queue.schedules.get('tick'))?.paused], [1, true])
      expectEqual(await queue.schedules.resume('tick'), true)
      await queue.drain()
      expectEqual(ran.length, 2)
      expectEqual(
        [await queue.schedules.remove('tick'), (await queue.schedules.list()).length],
        [true, 0],
      )
    },
  },
  {
    name: 'a schedule with overlap skip does not run beside itself',
    async run(harness) {
      const backend = await harness.open()
      const queue = queueOn(backend, harness, { tick: defineJob({ run: () => undefined }) })
      await scheduleJob(queue, { name: 'tick', every: '1h', data: 1, options: { overlap: 'skip' } })
      const schedules = queueOn(backend, harness, {})
      await harness.advance(HOUR_MS)
      // Only the schedule's own worker runs: the first run stays ready.
      await drainSchedules(schedules, backend)
      await harness.advance(HOUR_MS)
      await drainSchedules(schedules, backend)
      expectEqual((await queue.counts()).ready, 1)
      await queue.drain()
      await harness.advance(HOUR_MS)
      await drainSchedules(schedules, backend)
      expectEqual((await queue.counts()).ready, 1)
    },
  },
  {
    name: 'a schedule ends with its limit',
    async run(harness) {
      let runs = 0
      const queue = await open(harness, { tick: defineJob({ run: () => void runs++ }) })
      await scheduleJob(queue, { name: 'tick', every: '1h', data: 1, options: { limit: 2 } })
      for (let hour = 0; hour < 5; hour++) {
        await harness.advance(HOUR_MS)
        await queue.drain()
      }
      expectEqual([runs, await queue.schedules.list()], [2, []])
    },
  },
  {
    name: 'addFlow() runs a parent once its children have finished, with their results',
    async run(harness) {
      const order: string[] = []
      let results: unknown
      const queue = await open(harness, {
        part: defineJob({
          run({ data }) {
            order.push(String(data))
            return String(data)
          },
        }),
        whole: defineJob({
          async run(_, { children }) {
            order.push('whole')
            results = (await children()).map(({ state, result }) => [state, result])
          },
        }),
      })
      await queue.addFlow({
        name: 'whole',
        data: null,
        children: [
          { name: 'part', data: 'b', options: { priority: 2 } },
          { name: 'part', data: 'a', options: { priority: 1 } },
        ],
      })
      expectEqual((await queue.counts()).blocked, 1)
      await queue.drain({ concurrency: 1 })
      expectEqual(order, ['a', 'b', 'whole'])
      expectEqual(results, [
        ['completed', 'a'],
        ['completed', 'b'],
      ])
    },
  },
  {
    name: 'a failed child makes its parent dead, or is ignored when so asked',
    async run(harness) {
      const order: string[] = []
      const queue = await open(harness, {
        bad: defineJob({
          run: () => {
            throw new Error('no')
          },
        }),
        whole: defineJob({ run: ({ data }) => void order.push(String(data)) }),
      })
      const once = { attempts: 1 }
      await queue.addFlow({
        name: 'whole',
        data: 'strict',
        children: [{ name: 'bad', data: 1, options: once }],
      })
      await queue.addFlow({
        name: 'whole',
        data: 'lenient',
        children: [{ name: 'bad', data: 1, options: once, onFailure: 'ignore' }],
      })
      await queue.drain()
      expectEqual([order, (await queue.counts()).dead], [['lenient'], 3])
    },
  },
  {
    name: 'a chain runs its steps in order, deepest first',
    async run(harness) {
      const order: unknown[] = []
      const queue = await open(harness, {
        step: defineJob({ run: ({ data }) => void order.push(data) }),
      })
      const step = (data: number, children: Parameters<typeof queue.addFlow>[0][] = []) => ({
        name: 'step' as const,
        data,
        children,
      })
      await queue.addFlow(step(3, [step(2, [step(1)])]))
      await queue.drain()
      expectEqual(order, [1, 2, 3])
    },
  },
  {
    name: 'concurrency by key lets no more run than its limit, and keys take turns',
    async run(harness) {
      const running = new Map<string, number>()
      const order: string[] = []
      let most = 0
      const queue = await open(harness, {
        work: defineJob({
          concurrency: { limit: 2, key: (data) => String(data) },
          async run({ data }) {
            const tenant = String(data)
            order.push(tenant)
            running.set(tenant, (running.get(tenant) ?? 0) + 1)
            most = Math.max(most, running.get(tenant) ?? 0)
            for (let turn = 0; turn < 5; turn++) await Promise.resolve()
            running.set(tenant, (running.get(tenant) ?? 0) - 1)
          },
        }),
      })
      await queue.addBulk(
        Array.from({ length: 30 }, () => ({ name: 'work' as const, data: 'big' })),
      )
      await queue.addBulk(
        Array.from({ length: 3 }, () => ({ name: 'work' as const, data: 'small' })),
      )
      expectEqual(await queue.drain({ concurrency: 8 }), 33)
      expectTrue(most <= 2, `at most 2 of a key at once, not ${most}`)
      expectTrue(
        order.lastIndexOf('small') < 12,
        `the small tenant to be done among the first, not at ${order.lastIndexOf('small')}`,
      )
    },
  },
  {
    name: 'a rate limit defers jobs without spending their attempts',
    async run(harness) {
      let runs = 0
      const queue = await open(harness, {
        call: defineJob({ rateLimit: { limit: 2, window: '1h' }, run: () => void runs++ }),
      })
      await queue.addBulk(
        Array.from({ length: 4 }, () => ({
          name: 'call' as const,
          data: null,
          options: { attempts: 1 },
        })),
      )
      await queue.drain()
      expectEqual([runs, (await queue.counts()).dead], [2, 0])
      await harness.advance(HOUR_MS)
      await queue.drain()
      expectEqual(runs, 4)
    },
  },
  {
    name: 'an open circuit defers jobs without spending their attempts',
    async run(harness) {
      let up = false
      let calls = 0
      const breaker = new CircuitBreaker({
        failureThreshold: 1,
        resetTimeout: '1m',
        clock: harness.clock,
      })
      const queue = await open(harness, {
        call: defineJob({
          breaker,
          run: () => {
            calls++
            if (!up) throw new Error('down')
          },
        }),
      })
      await queue.addBulk(
        Array.from({ length: 3 }, () => ({
          name: 'call' as const,
          data: null,
          options: { attempts: 2, backoff: 1000 },
        })),
      )
      await queue.drain({ concurrency: 1 })
      expectEqual([calls, (await queue.counts()).dead], [1, 0])
      up = true
      for (let minute = 0; minute < 4; minute++) {
        await harness.advance(60_000)
        await queue.drain({ concurrency: 1 })
      }
      expectEqual([calls, (await queue.counts()).completed], [4, 3])
    },
  },
  {
    name: 'deduplication can replace what waits, extend its time, and keep the last one while a job runs',
    async run(harness) {
      const seen: unknown[] = []
      let whileRunning: () => Promise<unknown> = async () => undefined
      const queue = await open(harness, {
        note: defineJob({
          async run({ data }) {
            seen.push(data)
            await whileRunning()
          },
        }),
      })
      const debounce = {
        delay: '10s',
        deduplication: { id: 'd', ttl: '10s', extend: true, replace: true },
      } as const
      await queue.add('note', 1, debounce)
      await harness.advance(6000)
      expectEqual((await queue.add('note', 2, debounce)).replaced, true)
      await harness.advance(6000)
      expectEqual(await queue.drain(), 0)
      await harness.advance(4000)
      await queue.drain()
      expectEqual(seen, [2])
      const last = { deduplication: { id: 'k', keepLastIfActive: true } } as const
      await queue.add('note', 'a', last)
      whileRunning = async () => {
        whileRunning = async () => undefined
        await queue.add('note', 'b', last)
        await queue.add('note', 'c', last)
      }
      await queue.drain()
      expectEqual(seen, [2, 'a', 'c'])
    },
  },
  {
    name: 'on() hears what happens, and statistics() counts it',
    async run(harness) {
      const events: string[] = []
      const queue = await open(harness, {
        flaky: defineJob({
          run: ({ attempt }, { progress }) => {
            progress(attempt)
            if (attempt === 1) throw new Error('again')
            return 'done'
          },
        }),
      })
      const stop = queue.on((event: JobEvent) => void events.push(event.type))
      queue.on(() => {
        throw new Error('a listener that throws')
      })
      await queue.add('flaky', null, { backoff: { type: 'fixed', delay: 1000, jitter: 0 } })
      await queue.drain()
      await harness.advance(1000)
      await queue.drain()
      expectEqual(events, [
        'added',
        'active',
        'progress',
        'failed',
        'retrying',
        'active',
        'progress',
        'completed',
      ])
      stop()
      await queue.add('flaky', null)
      expectEqual(events.length, 8)
      const { completed, failed, waitMs } = queue.statistics()
      expectEqual([completed, failed, waitMs.p50 >= 0], [1, 1, true])
    },
  },
  {
    name: 'sweep() takes lost leases back and wakes for what there is to do',
    async run(harness) {
      const backend = await harness.open()
      const wakes: [string, number][] = []
      const wake = async (name: string, inMs: number): Promise<void> =>
        void wakes.push([name, inMs])
      const queue = queueOn({ ...backend, waker: { wake } }, harness, {
        note: defineJob({ run: () => undefined }),
      })
      await queue.sweep()
      expectEqual([wakes, await queue.oldestAddedAt()], [[], null])
      await queue.add('note', 1)
      await backend.jobStore.queue('work').exchange({ claim: { limit: 1, leaseMs: 10_000 } })
      await harness.advance(10_000)
      wakes.length = 0
      await queue.sweep()
      expectEqual(wakes, [['work', 0]])
      const { jobs } = await queue.list({ state: 'ready' })
      expectEqual(await queue.oldestAddedAt(), jobs[0]?.addedAt)
    },
  },
  {
    name: 'redrive() gives the dead that match their attempts again, purge() removes the rest',
    async run(harness) {
      let down = true
      const queue = await open(harness, {
        work: defineJob({
          run: () => {
            if (down) throw new Error('down')
          },
        }),
      })
      await queue.addBulk(
        Array.from({ length: 6 }, (_, index) => ({
          name: 'work' as const,
          data: index,
          options: { attempts: 1 },
        })),
      )
      await queue.drain()
      down = false
      const filter = ({ data }: { readonly data: unknown }): boolean => Number(data) < 4
      expectEqual(await queue.redrive({ filter, perSecond: Infinity }), 4)
      expectEqual(await queue.drain(), 4)
      expectEqual([await queue.purge('dead'), (await queue.counts()).completed], [2, 4])
    },
  },
]

/** Lets only the schedules' own worker look, once: claims what is due there and settles it. */
async function drainSchedules({ processors }: JobQueue, backend: Backend): Promise<void> {
  const processor = processors[1]
  if (processor === undefined) throw new Error('The queue has no processor of schedules')
  const jobStore = backend.jobStore.queue(processor.queue)
  const { claimed } = await jobStore.exchange({ claim: { limit: 10, leaseMs: 10_000 } })
  const control = { signal: new AbortController().signal, progress: () => undefined }
  const settle = await Promise.all(
    claimed.map(async (job) => ({
      id: job.id,
      token: job.token,
      outcome: await processor.process(job, control),
    })),
  )
  await jobStore.exchange({ settle })
}
