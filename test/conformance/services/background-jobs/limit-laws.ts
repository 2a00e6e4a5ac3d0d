import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { defineJob, JobQueue } from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

/** What queues promise of rate limits, however many jobs wait. */
export const limitLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'limited jobs are claimed twice at most, start in order at their rate, and delay no others',
    async run(harness) {
      const order: number[] = []
      const others: number[] = []
      const queue = queueOn(await harness.open(), harness, {
        limited: defineJob({
          rateLimit: { limit: 5, window: '1m' },
          run: ({ data }) => void order.push(Number(data)),
        }),
        free: defineJob({ run: ({ data }) => void others.push(Number(data)) }),
      })
      let claims = 0
      queue.on(({ type }) => void (type === 'active' && claims++))
      const numbers = Array.from({ length: 40 }, (_, index) => index)
      await queue.addBulk(
        numbers.map((data) => ({ name: 'limited' as const, data, options: { attempts: 1 } })),
      )
      await queue.addBulk([{ name: 'free', data: 1 }])
      await queue.drain({ concurrency: 4 })
      expectEqual([order.length, others], [5, [1]])
      for (let second = 0; second < 420; second += 12) {
        const before = order.length
        await harness.advance(12_000)
        await queue.drain({ concurrency: 4 })
        expectTrue(order.length - before <= 2, 'no more than the rate to start')
      }
      expectEqual(order, numbers)
      expectTrue(claims <= 2 * 40 + 1, `at most two claims a job, not ${claims} of all`)
      expectEqual((await queue.counts()).dead, 0)
    },
  },
  {
    name: 'a limit of the whole queue holds for all its kinds together',
    async run(harness) {
      const order: string[] = []
      const note = (name: string) => defineJob({ run: () => void order.push(name) })
      const queue = new JobQueue({
        name: 'work',
        backend: await harness.open(),
        clock: harness.clock,
        rateLimit: { limit: 2, window: '1h' },
        jobs: { a: note('a'), b: note('b') },
      })
      await queue.addBulk([
        { name: 'a', data: 1 },
        { name: 'b', data: 1 },
        { name: 'a', data: 2 },
        { name: 'b', data: 2 },
      ])
      await queue.drain({ concurrency: 1 })
      expectEqual(order, ['a', 'b'])
      await harness.advance(3_600_000)
      await queue.drain({ concurrency: 1 })
      expectEqual(order, ['a', 'b', 'a', 'b'])
    },
  },
  {
    name: 'jobs under a limit of the queue are claimed twice at most, under one of their kind besides three times, in order, and wait for their kind without taking places from others',
    async run(harness) {
      const starts: { readonly name: string; readonly data: number; readonly minute: number }[] = []
      let minute = 0
      const run = ({ name, data }: { readonly name: string; readonly data: unknown }): void =>
        void starts.push({ name, data: Number(data), minute })
      const queue = new JobQueue({
        name: 'work',
        backend: await harness.open(),
        clock: harness.clock,
        rateLimit: { limit: 10, window: '1m' },
        jobs: {
          slow: defineJob({ rateLimit: { limit: 1, window: '1m' }, run }),
          other: defineJob({ run }),
        },
      })
      const claims = new Map<string, number>()
      const most = { slow: 0, other: 0 }
      queue.on((event) => {
        if (event.type !== 'active') return
        const count = (claims.get(event.id) ?? 0) + 1
        claims.set(event.id, count)
        if (event.name === 'slow' || event.name === 'other')
          most[event.name] = Math.max(most[event.name], count)
      })
      const numbers = Array.from({ length: 30 }, (_, index) => index)
      for (const name of ['slow', 'other'] as const)
        await queue.addBulk(numbers.map((data) => ({ name, data })))
      await queue.drain({ concurrency: 1 })
      for (minute = 1; minute <= 33; minute++) {
        await harness.advance(60_000)
        await queue.drain({ concurrency: 1 })
      }
      const of = (kind: string) => starts.filter(({ name }) => name === kind)
      for (const kind of ['slow', 'other'])
        expectEqual(
          of(kind).map(({ data }) => data),
          numbers,
          `the order of ${kind}`,
        )
      const last = of('other').at(-1)?.minute ?? Infinity
      expectTrue(
        last <= 4,
        `other jobs not to wait for slow ones, the last began in minute ${last}`,
      )
      for (let at = 0; at <= 33; at++) {
        const count = starts.filter((start) => start.minute === at).length
        expectTrue(count <= 10, `at most 10 starts in minute ${at}, not ${count}`)
      }
      expectEqual(most, { slow: 3, other: 2 }, 'the most claims of a job')
    },
  },
  {
    name: 'jobs whose turns under the limit of the queue come faster than their kind may start are spaced at once',
    async run(harness) {
      for (const [ofKind, ofQueue] of [
        [5, 10],
        [3, 10],
        [7, 10],
      ] as const) {
        const starts: { readonly data: number; readonly at: number }[] = []
        const queue = new JobQueue({
          name: 'work',
          backend: await harness.open(),
          clock: harness.clock,
          rateLimit: { limit: ofQueue, window: '1m' },
          jobs: {
            both: defineJob({
              rateLimit: { limit: ofKind, window: '1m' },
              run: ({ data }) => void starts.push({ data: Number(data), at: harness.clock.now() }),
            }),
            other: defineJob({ run: () => undefined }),
          },
        })
        const claims = new Map<string, number>()
        queue.on((event) => {
          if (event.type === 'active') claims.set(event.id, (claims.get(event.id) ?? 0) + 1)
        })
        const numbers = Array.from({ length: 40 }, (_, index) => index)
        for (const name of ['both', 'other'] as const)
          await queue.addBulk(numbers.map((data) => ({ name, data })))
        await queue.drain()
        for (let second = 0; second < 1200 && starts.length < 40; second += 3) {
          await harness.advance(3000)
          await queue.drain()
        }
        const limits = `${ofKind} of ${ofQueue}`
        expectEqual(
          starts.map(({ data }) => data),
          numbers,
          limits,
        )
        // Where time goes on between two calls, a turn that falls behind a look waits for the next.
        const most = harness.storeNow === undefined ? 3 : 6
        expectTrue(Math.max(...claims.values()) <= most, `${most} claims a job at most, ${limits}`)
        for (const { at } of starts) {
          const count = starts.filter((start) => start.at >= at && start.at < at + 60_000).length
          expectTrue(count < 2 * ofKind, `its kind's rate to be kept, not ${count}, ${limits}`)
        }
      }
    },
  },
  {
    name: 'a limit that a deploy has lowered is not exceeded by what waited under the old one',
    async run(harness) {
      const backend = await harness.open()
      const runs: number[] = []
      const deploy = (limit: number) =>
        queueOn(backend, harness, {
          limited: defineJob({
            rateLimit: { limit, window: '1h' },
            run: ({ data }) => void runs.push(Number(data)),
          }),
        })
      await deploy(4).addBulk(
        Array.from({ length: 8 }, (_, data) => ({ name: 'limited' as const, data })),
      )
      await deploy(4).drain()
      expectEqual(runs.length, 4)
      await harness.advance(3_600_000)
      await deploy(1).drain()
      expectEqual(runs.length, 5)
      for (let hour = 0; hour < 4; hour++) {
        await harness.advance(3_600_000)
        await deploy(1).drain()
      }
      expectEqual(runs.length, 8)
    },
  },
  {
    name: 'a limit whose store cannot be asked delays a job, and spends none of its attempts',
    async run(harness) {
      const backend = await harness.open()
      let down = true
      const consume: Backend['rateLimits']['consume'] = (subject, limits, options) =>
        down
          ? Promise.reject(new BackendError('backend_unavailable', 'Cannot ask: nobody is there'))
          : backend.rateLimits.consume(subject, limits, options)
      const { settle, reset } = backend.rateLimits
      const rateLimits = { consume, settle, reset }
      const attempts: number[] = []
      const queue = queueOn({ ...backend, rateLimits }, harness, {
        limited: defineJob({
          rateLimit: { limit: 5, window: '1m' },
          run: ({ attempt }) => void attempts.push(attempt),
        }),
      })
      const { id } = await queue.add('limited', 1, { attempts: 1 })
      for (let second = 0; second < 5; second++) {
        await queue.drain()
        await harness.advance(1000)
      }
      expectEqual([(await queue.get(id))?.state, attempts], ['scheduled', []])
      down = false
      await harness.advance(2000)
      await queue.drain()
      expectEqual([(await queue.get(id))?.state, attempts], ['completed', [1]])
    },
  },
  {
    name: 'a handler does not begin where the process stood still past its lease while the limit was asked',
    async run(harness) {
      const backend = await harness.open()
      let stoodMs = 0
      const elapsed = (): number => harness.clock.elapsed() + stoodMs
      const consume: Backend['rateLimits']['consume'] = async (subject, limits, options) => {
        const decided = await backend.rateLimits.consume(subject, limits, options)
        // No timer has woken by then.
        if (stoodMs === 0) stoodMs = 3_600_000
        return decided
      }
      const { settle, reset } = backend.rateLimits
      const rateLimits = { consume, settle, reset }
      const crashes: number[] = []
      const jobs = {
        limited: defineJob({
          rateLimit: { limit: 5, window: '1m' },
          run: (job) => void crashes.push(job.crashes),
        }),
      }
      const stopped = { ...harness, clock: { ...harness.clock, elapsed } }
      const { id } = await queueOn(backend, harness, jobs).add('limited', 1)
      const drained = queueOn({ ...backend, rateLimits }, stopped, jobs).drain()
      await drained.catch(() => undefined)
      expectEqual(crashes, [])
      await harness.advance(3_600_000)
      const queue = queueOn(backend, harness, jobs)
      await queue.drain()
      expectEqual([(await queue.get(id))?.state, crashes], ['completed', [1]])
    },
  },
  {
    name: 'finished() answers what the handler returned, or why the job did not complete, in any process',
    async run(harness) {
      const backend = await harness.open()
      const kinds = {
        sum: { run: async () => ({ sum: 3 }) },
        bad: {
          run: () => {
            throw new Error('the reason')
          },
        },
      }
      const here = queueOn(backend, harness, kinds)
      const there = queueOn(backend, harness, kinds)
      const sum = await here.add('sum', 1)
      expectEqual(Object.keys(sum), ['id', 'added'])
      const bad = await here.add('bad', 1, { attempts: 1 })
      const gone = await here.add('sum', 1, { removeOnComplete: true })
      await there.drain()
      expectEqual(await sum.finished(), { sum: 3 })
      const codes = await Promise.all(
        [bad, gone].map(async ({ id }) =>
          here.finished(id).catch((error: unknown) => (error as { code?: string }).code ?? null),
        ),
      )
      expectEqual(codes, ['not_completed', 'unknown_outcome'])
      const waiting = await here.add('sum', 1, { delay: '1h' })
      const stop = new AbortController()
      const outcome = waiting.finished({ signal: stop.signal }).catch((error: unknown) => error)
      stop.abort('enough')
      await harness.advance(1000)
      expectEqual(await outcome, 'enough')
    },
  },
  {
    name: 'names, ids and keys work at their longest, with all that is made of them',
    async run(harness) {
      const name = 'n'.repeat(256)
      let runs = 0
      const queue = queueOn(await harness.open(), harness, {
        [name]: defineJob({
          concurrency: { limit: 1, key: (data) => String(data) },
          rateLimit: { limit: 100, window: '1m', key: (data) => String(data) },
          run: (_job, { log }) => {
            runs++
            log('a line')
          },
        }),
      })
      const jobId = '語'.repeat(256)
      await queue.add(name, 'k'.repeat(1000), { jobId })
      await queue.add(name, '語'.repeat(1000))
      expectEqual([await queue.drain(), runs], [2, 2])
      expectEqual(await queue.logs(jobId), ['a line'])
      // The queue's own name, and those of what it keeps beside its jobs.
      const backend = await harness.open()
      const longest = 'q'.repeat(120)
      const ran: string[] = []
      for (const end of ['12345678', '87654321']) {
        const one = new JobQueue({
          name: longest + end,
          backend,
          clock: harness.clock,
          jobs: { note: defineJob({ run: ({ id }) => void ran.push(id) }) },
        })
        const id = '語'.repeat(256)
        await one.schedule(id, { every: '1h' }, { name: 'note', data: 1 })
        expectEqual((await one.schedules.list()).length, 1)
        const deduplication = { id, keepLastIfActive: true }
        const first = await one.add('note', 1, { jobId: `Ü${id.slice(1)}`, deduplication })
        expectEqual(await one.add('note', 2, { deduplication }), { id: first.id, added: false })
        await one.addFlow({
          name: 'note',
          data: 3,
          options: { jobId: id },
          children: [{ name: 'note', data: 4, options: { jobId: `語${'Ü'.repeat(255)}` } }],
        })
        await one.drain()
        await harness.advance(3_600_000)
        await one.drain()
        expectEqual([await one.schedules.pause(id), await one.schedules.remove(id)], [true, true])
      }
      expectEqual(ran.length, 2 * (1 + 2 + 1))
    },
  },
  {
    name: 'children in other queues, batches, events, tags and groups work with the longest names and ids',
    async run(harness) {
      const backend = await harness.open()
      const [kind, id, key] = ['種'.repeat(256), 'í'.repeat(256), '鍵'.repeat(1000)]
      const tags = ['a', 'b'].map((end) => `${'t'.repeat(63)}${end}`)
      const batches: number[] = []
      const kinds = {
        [kind]: defineJob({
          batch: { size: 5 },
          concurrency: { limit: 5, key: () => key },
          run: (jobs) => {
            batches.push(jobs.length)
            return jobs.map((job) => job.id)
          },
        }),
        [`${kind.slice(1)}子`]: defineJob({
          run: async (_job, { children }) => (await children()).map((child) => child.result),
        }),
      }
      const open = (end: string): JobQueue =>
        new JobQueue({
          ...{ name: `${'q'.repeat(127)}${end}`, backend, jobs: kinds, clock: harness.clock },
          report: () => undefined,
        })
      const [here, there] = [open('1'), open('2')]
      await there.recordEvents()
      const parent = `${kind.slice(1)}子`
      const childIds = [0, 1, 2].map((end) => `${id.slice(1)}${end}`)
      const [top] = await here.addFlow({
        ...{ name: parent, data: null, options: { jobId: id, tags } },
        children: childIds.map((jobId) =>
          there.child({ name: kind, data: key, options: { jobId, tags } }),
        ),
      })
      // Paused before it has a job.
      expectEqual(await there.group(kind, key).pause(), true)
      const work = async (): Promise<void> => {
        for (let turn = 0; turn < 5; turn++) {
          for (const queue of [here, there]) await queue.drain()
          await harness.advance(1000)
        }
      }
      await work()
      expectEqual([batches, (await there.counts()).held], [[], 3])
      expectEqual(await there.group(kind, key).resume(), true)
      await work()
      expectEqual([batches, await top?.finished()], [[3], childIds])
      for (const tag of tags)
        expectEqual(
          [(await here.list({ tag })).jobs, (await there.list({ tag })).jobs].map(
            (jobs) => jobs.length,
          ),
          [1, 3],
        )
      const seen: (string | undefined)[] = []
      for await (const event of there.events({ since: 'oldest' })) {
        if (event.type === 'completed' && event.name === kind) seen.push(event.id)
        if (seen.length === 3) break
      }
      expectEqual(seen, childIds)
    },
  },
]
