import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import { defineJob, scheduleJob } from '../../../../src/services/background-jobs/index.ts'
import { open, type JobQueueHarness } from './job-queue-harness.ts'

/** What queues promise of data, results and progress: they come back as they were given, or are refused. */
export const fidelityLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'data that JSON would change is refused when added, and nothing is added',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      for (const [name, value] of CHANGED) {
        // A caller without types.
        for (const data of [value, { inside: [value] }] as readonly Json[]) {
          const acts = {
            add: () => queue.add('note', data),
            addBulk: () =>
              queue.addBulk([
                { name: 'note', data: 1 },
                { name: 'note', data },
              ]),
            addFlow: () =>
              queue.addFlow({ name: 'note', data: 1, children: [{ name: 'note', data }] }),
            scheduleJob: () => scheduleJob(queue, { name: 'note', every: '1h', data }),
          }
          for (const [act, run] of Object.entries(acts))
            await expectRejection(
              run,
              (error) => error instanceof TypeError && error.message.includes(': data'),
              `${act}() to refuse ${name} with a TypeError that names data`,
            )
        }
      }
      const { ready, scheduled } = await queue.counts()
      expectEqual([ready, scheduled, await queue.schedules.list()], [0, 0, []])
    },
  },
  {
    name: 'data, results and progress that JSON can carry come back as they were',
    async run(harness) {
      const seen = new Map<string, unknown>()
      const queue = await open(harness, {
        echo: defineJob({
          run: (job, { progress }) => {
            const data = job.data as Json
            seen.set(job.id, data)
            progress(data)
            return data
          },
        }),
      })
      for (const [index, [, value]] of KEPT.entries())
        await queue.add('echo', value, { jobId: String(index) })
      await queue.drain()
      for (const [index, [name, value]] of KEPT.entries()) {
        const record = await queue.get(String(index))
        for (const got of [seen.get(String(index)), record?.data, record?.result])
          expectTrue(isSame(got, value), `${name} to come back as it was`)
      }
    },
  },
  {
    name: 'a result that JSON would change ends the job, which is not run again, and says where',
    async run(harness) {
      let runs = 0
      const queue = await open(harness, {
        note: defineJob({
          run: () => {
            runs++
            // A handler without types.
            return { deep: [new Map()] } as unknown as Json
          },
        }),
      })
      const { id } = await queue.add('note', 1, { attempts: 5 })
      await queue.drain()
      const record = await queue.get(id)
      expectEqual(
        [record?.state, runs, (record?.lastError as { code?: string })?.code],
        ['dead', 1, 'outcome_refused'],
      )
      const { message = '' } = (record?.lastError ?? {}) as { message?: string }
      expectTrue(message.includes('result.deep[0]'), `${message} to name the place`)
    },
  },
  {
    name: 'progress that JSON would change is refused where it is told',
    async run(harness) {
      let refused: unknown
      const queue = await open(harness, {
        note: defineJob({
          run: (_, { progress }) => {
            try {
              progress(Number.NaN)
            } catch (error) {
              refused = error
            }
          },
        }),
      })
      await queue.add('note', 1)
      await queue.drain()
      expectTrue(refused instanceof TypeError, 'a TypeError')
      expectEqual((await queue.counts()).completed, 1)
    },
  },
  {
    name: 'an id that is no text is refused by whatever takes one, the same on every backend',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      await queue.add('note', 1, { jobId: '5', delay: '1h' })
      // Callers without types.
      for (const id of [5, 5n, null, undefined, ['5'], { toString: () => '5' }] as never[]) {
        const acts = {
          get: () => queue.get(id),
          logs: () => queue.logs(id),
          finished: () => queue.finished(id),
          change: () => queue.change(id, { data: 2 }),
          promote: () => queue.promote(id),
          retry: () => queue.retry(id),
          cancel: () => queue.cancel(id),
          remove: () => queue.remove(id),
        }
        for (const [act, run] of Object.entries(acts))
          await expectRejection(
            run,
            (error) => error instanceof TypeError && error.message.endsWith(', text expected'),
            `${act} to refuse an id of type ${typeof id}`,
          )
        // Not given is as if not said.
        if (id === undefined) continue
        const adds = {
          jobId: () => queue.add('note', 2, { jobId: id }),
          'deduplication.id': () => queue.add('note', 2, { deduplication: { id } }),
          'jobId of a child': () =>
            queue.addFlow({
              ...{ name: 'note', data: 2 },
              children: [{ name: 'note', data: 2, options: { jobId: id } }],
            }),
          'id of a schedule': () => scheduleJob(queue, { id, name: 'note', every: '1h', data: 2 }),
        }
        for (const [what, add] of Object.entries(adds))
          await expectRejection(
            add,
            (error) => error instanceof Error && /^Cannot .*text/.test(error.message),
            `${what} of type ${typeof id} to be refused`,
          )
      }
      expectEqual((await queue.counts()).ready + (await queue.schedules.list()).length, 0)
      const job = await queue.get('5')
      expectEqual([job?.state, job?.data], ['scheduled', 1])
    },
  },
  {
    name: 'a key that is neither text nor a number limits nothing: it is refused, not taken as text',
    async run(harness) {
      const key = (data: unknown): never => data as never
      const queue = await open(harness, {
        grouped: defineJob({ concurrency: { limit: 1, key }, run: () => 'ran' }),
        limited: defineJob({ rateLimit: { limit: 9, window: '1m', key }, run: () => 'ran' }),
      })
      for (const data of [{ tenant: 1 }, ['a'], true]) {
        await expectRejection(
          () => queue.add('grouped', data),
          (error) => error instanceof TypeError && error.message.includes('key answered'),
          'the key to be refused when the job is added',
        )
        const { id } = await queue.add('limited', data, { attempts: 1 })
        await queue.drain()
        expectEqual((await queue.get(id))?.state, 'dead')
      }
      for (const data of ['a', 7, null]) {
        const added = [await queue.add('grouped', data), await queue.add('limited', data)]
        await queue.drain()
        for (const { id } of added) expectEqual((await queue.get(id))?.state, 'completed')
      }
    },
  },
  {
    name: 'what would be without effect is refused at the call: parts, states, words and functions that are none',
    async run(harness) {
      const run = (): undefined => undefined
      const queue = await open(harness, { note: defineJob({ run }) })
      const job = { name: 'note', data: 1 } as const
      // Callers without types.
      const acts: readonly (() => unknown)[] = [
        () => queue.addBulk([{ ...job, opts: { delay: '1h' } } as typeof job]),
        () => queue.addBulk([{ ...job, children: [job] } as typeof job]),
        () => queue.addBulk([null as never]),
        () => queue.addBulk(null as never),
        () => queue.addFlow({ ...job, childrn: [job] } as typeof job),
        () => queue.addFlow({ ...job, children: [{ ...job, onFailure: 'go on' as 'ignore' }] }),
        () => queue.addFlow({ ...job, children: 5 as never }),
        () => queue.addFlow({ ...job, children: [null as never] }),
        () => queue.addFlow(null as never),
        () => queue.add('note', 1, { maxCrashes: null as never }),
        () => queue.add('note', 1, { lifo: 'no' as never }),
        () => queue.list({ state: 'waiting' as never }),
        () => queue.list({ status: 'dead' } as never),
        () => queue.list(null as never),
        () => queue.purge('active' as never),
        () => queue.purge(undefined as never),
        () => queue.redrive({ state: 'active' as never }),
        () => queue.redrive({ filter: 5 as never }),
        () => queue.on(5 as never),
        ...[
          { run, backoff: 5 },
          { run, breaker: {} },
          { run, input: {} },
          { run, concurrency: { limit: 1, key: 'tenant' } },
          { run, rateLimit: { limit: 1, window: '1s', key: 'tenant' } },
        ].map((definition) => () => open(harness, { note: definition as never })),
      ]
      for (const [index, act] of acts.entries())
        await expectRejection(
          async () => act(),
          (error) =>
            (error instanceof TypeError || error instanceof RangeError) &&
            error.message.startsWith('Cannot ') &&
            !/reading|destructure/.test(error.message),
          `act ${index} to be refused: ${act.toString()}`,
        )
      const { paused: _paused, ...counts } = await queue.counts()
      expectEqual(Math.max(...Object.values(counts)), 0)
    },
  },
]

const CHANGED: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['a property that is undefined', { a: undefined }],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['an Error', new Error('boom')],
  ['a Date', new Date(0)],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a bigint', 10n],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
  ['a property named by a symbol', { [Symbol('a')]: 1 }],
  ['half a surrogate pair', '\ud83d'],
  ['half a surrogate pair in a key', { '\udc00': 1 }],
  ['a hole', Object.assign([1], { length: 2 })],
  ['an array with a property of its own', Object.assign([1], { more: 1 })],
  ['bytes', new Uint8Array([1])],
  ['an instance of a class', new (class Order {})()],
  ['a regular expression', /x/],
  ['a boxed number', Object(1)],
  ['a promise', Promise.resolve(1)],
  ['an object with toJSON', { toJSON: () => 1 }],
]

const KEPT: readonly (readonly [string, Json])[] = [
  ['-0', -0],
  ['-0 inside', { a: [-0, 0] }],
  ['the greatest number', Number.MAX_VALUE],
  ['the smallest number', Number.MIN_VALUE],
  ['a number without exact decimals', 0.1 + 0.2],
  ['an integer over 2⁵³', 2 ** 60],
  ['an empty text', ''],
  ['U+0000', 'a\u0000b'],
  ['line separators', '\u2028\u2029'],
  ['a surrogate pair', '😀'],
  ['a byte order mark', '\ufeffx'],
  ['text that looks like JSON', '{"a":1}'],
  ['text that looks like a number', '1'],
  ['null', null],
  ['false', false],
  ['an empty object', {}],
  ['an empty array', []],
  ['empty objects within one another', { a: {}, b: [[], [{}]] }],
  ['a key __proto__', JSON.parse('{"__proto__":{"a":1},"constructor":1,"":2}') as Json],
  ['keys that are numbers', { 2: 'b', 1: 'a' }],
  ['depth', JSON.parse(`${'['.repeat(150)}1${']'.repeat(150)}`) as Json],
  ['half a megabyte', 'é'.repeat(250_000)],
]

/** Whether both are the same, to the sign of zero and the own keys of objects. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b)
  const keys = Object.keys(a)
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)))
  )
}
