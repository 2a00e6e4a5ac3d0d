import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  defineJob,
  JobQueue,
  type FlowChild,
  type JobEvent,
} from '../../../../src/services/background-jobs/index.ts'
import { systemRandom } from '../../../../src/runtime/ports/platform/random-source.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import { open, queueOn, type JobQueueHarness } from './job-queue-harness.ts'

/** What flows promise: children first, wherever they are kept and whenever they are added. */
export const flowLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'redrive() of a dead flow runs the children first, then the parent with their results',
    async run(harness) {
      let isBroken = true
      const ran: Json[] = []
      const queue = await open(harness, {
        sum: defineJob({
          async run(_job, { children }) {
            const results = (await children()).map(({ result }) => result)
            ran.push(['sum', ...sorted(results)])
            return results.length
          },
        }),
        part: defineJob({
          run({ data }) {
            if (isBroken) throw new Error('Broken')
            ran.push(['part', data as Json])
            return data as Json
          },
        }),
      })
      const options = { attempts: 1 }
      const children = [1, 2].map((data) => ({ name: 'part' as const, data, options }))
      const [top] = await queue.addFlow({ name: 'sum', data: null, options, children })
      await queue.drain()
      expectEqual([(await queue.counts()).dead, ran], [3, []])
      isBroken = false
      expectEqual(await queue.redrive({ perSecond: Infinity }), 3)
      await queue.drain()
      expectEqual(ran.at(-1), ['sum', 1, 2])
      expectEqual(ran.length, 3)
      expectEqual(await top?.finished(), 2)
    },
  },
  {
    name: 'waitForChildren() ends the attempt, adds children, and runs the job again with what they came to',
    async run(harness) {
      const attempts: number[] = []
      const events: JobEvent['type'][] = []
      const queue = await open(harness, {
        crawl: defineJob({
          async run({ data, attempt }, { children, waitForChildren }) {
            attempts.push(attempt)
            if (data === 'start')
              await waitForChildren(
                [
                  { name: 'page', data: 1 },
                  { name: 'page', data: 2, children: [{ name: 'page', data: 3 }] },
                ],
                { data: 'found' },
              )
            return sorted((await children()).map(({ result }) => result))
          },
        }),
        page: defineJob({ run: ({ data }) => data as Json }),
      })
      queue.on(({ type }) => events.push(type))
      const job = await queue.add('crawl', 'start', { attempts: 1 })
      await queue.drain()
      expectEqual(
        [attempts, await job.finished()],
        [
          [1, 1],
          [1, 2],
        ],
      )
      expectEqual(
        events.filter((type) => type === 'blocked' || type === 'stalled' || type === 'failed'),
        ['blocked'],
      )
    },
  },
  {
    name: 'waitForChildren() waits once for a child that had ended before, and fails the attempt that would again',
    async run(harness) {
      const found: Json[] = []
      const queue = await open(harness, {
        crawl: defineJob({
          async run(_job, { children, waitForChildren }) {
            found.push((await children()).map(({ result }) => result))
            return waitForChildren([{ name: 'page', data: 1, options: { jobId: 'page' } }])
          },
        }),
        page: defineJob({ run: ({ data }) => data as Json }),
      })
      await queue.add('page', 7, { jobId: 'page' })
      await queue.drain()
      const { id } = await queue.add('crawl', 1, { attempts: 2, backoff: 0 })
      await queue.drain()
      const record = await queue.get(id)
      expectEqual(
        [record?.state, record?.attempt, (record?.lastError as { code?: string } | null)?.code],
        ['dead', 2, 'children_ended'],
      )
      expectEqual(found, [[], [7], [7]])
    },
  },
  {
    name: 'waitForChildren() refuses what the queue does not take, and adds nothing when the attempt fails',
    async run(harness) {
      const codes: unknown[] = []
      const queue = await open(harness, {
        wrong: defineJob({
          async run(_job, { waitForChildren }) {
            const tries = [
              [],
              [{ name: 'nobody', data: 1 }],
              [{ name: 'page', data: 1, options: { attempts: 0 } }],
            ]
            for (const children of tries)
              await waitForChildren(children).catch((error: unknown) =>
                codes.push(
                  error instanceof RangeError ? 'range' : Reflect.get(Object(error), 'code'),
                ),
              )
            return 'went on'
          },
        }),
        fails: defineJob({
          async run(_job, { waitForChildren }) {
            try {
              await waitForChildren([{ name: 'page', data: 1 }])
            } finally {
              // oxlint-disable-next-line no-unsafe-finally -- what ends the attempt is this
              throw new Error('Broken')
            }
          },
        }),
        page: defineJob({ run: ({ data }) => data as Json }),
      })
      const wrong = await queue.add('wrong', null)
      const fails = await queue.add('fails', null, { attempts: 1 })
      await queue.drain()
      expectEqual([codes, await wrong.finished()], [['range', 'unknown_job', 'range'], 'went on'])
      const { dead, completed } = await queue.counts()
      expectEqual([(await queue.get(fails.id))?.state, dead, completed], ['dead', 1, 1])
    },
  },
  {
    name: 'finished() is told at once by a worker of its own process, and looks while nobody tells it',
    async run(harness) {
      const backend = await harness.open()
      const kinds = { note: defineJob({ run: ({ data }) => data }) }
      const [here, there] = [queueOn(backend, harness, kinds), queueOn(backend, harness, kinds)]
      const job = await here.add('note', 7)
      const waiting = job.finished()
      await there.drain()
      // No time passes on this process's clock.
      expectEqual(await waiting, 7)
      const stopped = new AbortController()
      const never = (await here.add('note', 8, { delay: '1h' })).finished({
        signal: stopped.signal,
      })
      stopped.abort(new RangeError('enough'))
      await expectRejection(
        () => never,
        (error) => error instanceof RangeError,
        'the wait to end with its signal',
      )
    },
  },
  {
    name: 'a flow waits for children in other queues, which run there with all that is theirs',
    async run(harness) {
      const backend = await harness.open()
      const seen: (readonly FlowChild[])[] = []
      const { orders, images } = twoQueues(backend, harness, seen, () => false)
      const flow = {
        name: 'ship' as const,
        data: 7,
        children: [
          { name: 'pack' as const, data: 'box' },
          images.child({
            name: 'label',
            data: 'A6',
            options: { removeOnComplete: true },
            children: [{ name: 'label', data: 'logo' }],
          }),
        ],
      }
      const [top] = await orders.addFlow(flow)
      expectEqual((await images.counts()).ready, 0)
      await drainBoth(harness, orders, images)
      expectEqual(await top?.finished(), 2)
      const children = seen[0]?.map(({ id, ...child }) => ({ ...child, hasId: id.length > 0 }))
      expectEqual(
        children?.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        [
          {
            name: 'label',
            state: 'completed',
            result: 'A6 1',
            error: null,
            queue: images.name,
            hasId: true,
          },
          { name: 'pack', state: 'completed', result: 'box', error: null, hasId: true },
        ],
      )
    },
  },
  {
    name: 'a child in another queue that dies fails its parent, and redrive() of the parent runs it first',
    async run(harness) {
      const backend = await harness.open()
      const seen: (readonly FlowChild[])[] = []
      let isBroken = true
      const { orders, images } = twoQueues(backend, harness, seen, () => isBroken)
      const options = { attempts: 1 }
      const [top] = await orders.addFlow({
        name: 'ship',
        data: 7,
        children: [
          images.child({ name: 'label', data: 'A6', options }),
          images.child({ name: 'label', data: 'A5', options, onFailure: 'ignore' }),
        ],
      })
      for (let round = 0; round < 2; round++) {
        await drainBoth(harness, orders, images)
        expectEqual(
          [(await orders.get(top?.id ?? ''))?.state, seen.length],
          ['dead', 0],
          `the parent in round ${round}`,
        )
        if (round === 0) await orders.redrive({ perSecond: Infinity })
      }
      isBroken = false
      await orders.redrive({ perSecond: Infinity })
      await drainBoth(harness, orders, images)
      expectEqual(sorted(seen[0]?.map(({ state, queue = '' }) => `${state} ${queue}`) ?? []), [
        'completed images',
        'dead images',
      ])
      expectEqual(await top?.finished(), 2)
    },
  },
  {
    name: 'a running job may wait for children in another queue',
    async run(harness) {
      const backend = await harness.open()
      const { images } = twoQueues(backend, harness, [], () => false)
      const orders = queueOn(backend, harness, {
        late: defineJob({
          async run(_job, { children, waitForChildren }) {
            const [done] = await children()
            if (done !== undefined) return done.result
            return waitForChildren([images.child({ name: 'label', data: 'A4' })])
          },
        }),
      })
      const job = await orders.add('late', null)
      await drainBoth(harness, orders, images)
      expectEqual(await job.finished(), 'A4 0')
    },
  },
  {
    name: 'a child of a queue on another backend is refused at the call, and nothing is added',
    async run(harness) {
      const [backend, other] = [await harness.open(), await harness.open()]
      const { orders } = twoQueues(backend, harness, [], () => false)
      const { images } = twoQueues(other, harness, [], () => false)
      await expectRejection(
        () =>
          orders.addFlow({
            name: 'ship',
            data: 1,
            children: [images.child({ name: 'label', data: 1 })],
          }),
        (error) => error instanceof TypeError,
        'the child to be refused',
      )
      await expectRejection(
        () =>
          orders.addFlow({
            name: 'ship',
            data: 1,
            children: [images.child({ name: 'nobody' as 'label', data: 1 })],
          }),
        (error) => Reflect.get(Object(error), 'code') !== undefined || error instanceof TypeError,
        'an unknown child to be refused',
      )
      const counts = await orders.counts()
      expectTrue(counts.blocked + counts.ready === 0, 'nothing to be added')
    },
  },
]

function sorted<Value extends Json>(values: readonly Value[]): Value[] {
  return values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function twoQueues(
  backend: Backend,
  harness: JobQueueHarness,
  seen: (readonly FlowChild[])[],
  isBroken: () => boolean,
) {
  const options = { clock: harness.clock, random: systemRandom }
  const orders = new JobQueue({
    ...options,
    name: 'orders',
    report: () => undefined,
    backend,
    jobs: {
      ship: defineJob({
        async run(_job, { children }) {
          const found = await children()
          seen.push(found)
          return found.length
        },
      }),
      pack: defineJob({ run: ({ data }) => data as Json }),
    },
  })
  const images = new JobQueue({
    ...options,
    name: 'images',
    report: () => undefined,
    backend,
    jobs: {
      label: defineJob({
        async run({ data }, { children }) {
          if (isBroken() || data === 'A5') throw new Error('Broken')
          return `${String(data)} ${(await children()).length}`
        },
      }),
    },
  })
  return { orders, images }
}

/** Works both until nothing moves, also what waits a while for a wake that was lost. */
async function drainBoth(
  harness: JobQueueHarness,
  ...queues: readonly Pick<JobQueue, 'drain'>[]
): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    for (const queue of queues) await queue.drain()
    await harness.advance(1000)
  }
}
