import { CircuitBreaker } from '../../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import {
  defineJob,
  JobQueue,
  type JobEvent,
  type JobOptions,
} from '../../../../src/services/background-jobs/index.ts'
import { ODD_VALUES } from '../../../support/odd-values.ts'
import { open, type JobQueueHarness } from './job-queue-harness.ts'

const TWICE: JobOptions = { attempts: 2, backoff: { type: 'fixed', delay: 1000, jitter: 0 } }

/** What queues promise whatever is thrown, by handlers and by callbacks of the queue's user. */
export const oddErrorLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'whatever a handler throws ends its attempt as an Error does: reason, backoff, events, statistics',
    async run(harness) {
      const queue = await open(harness, {
        odd: defineJob({
          run: ({ data }) => {
            throw ODD_VALUES[Number(data)]?.[1]
          },
        }),
        odder: defineJob({ run: ({ data }) => rejecting(ODD_VALUES[Number(data)]?.[1])() }),
      })
      const events: JobEvent[] = []
      queue.on((event) => events.push(event))
      const ids: string[] = []
      for (const name of ['odd', 'odder'] as const)
        for (const index of ODD_VALUES.keys())
          ids.push((await queue.add(name, index, { ...TWICE, jobId: `${name}-${index}` })).id)
      expectEqual(await queue.drain(), ids.length, 'first attempts')
      for (const id of ids) {
        const record = await queue.get(id)
        expectEqual([record?.state, record?.attempt], ['scheduled', 1], id)
        checkError(record?.lastError, id)
      }
      await harness.advance(1000)
      expectEqual(await queue.drain(), ids.length, 'second attempts')
      for (const id of ids) {
        const [oddName, oddValue] = ODD_VALUES[Number(id.split('-')[1])] ?? []
        const record = await queue.get(id)
        expectEqual([record?.state, record?.attempt], ['dead', 2], `${id}, ${oddName}`)
        checkError(record?.lastError, `${id}, ${oddName}`)
        const mine = events.filter((event) => event.id === id)
        expectEqual(
          mine.map(({ type }) => type),
          ['added', 'active', 'failed', 'retrying', 'active', 'failed', 'dead'],
          `events of ${oddName}`,
        )
        for (const event of mine)
          if (event.type === 'failed')
            expectTrue(Object.is(event.error, oddValue), `${oddName} itself in the event`)
      }
      expectEqual([queue.statistics().failed, queue.statistics().completed], [2 * ids.length, 0])
    },
  },
  {
    name: 'callbacks that throw or reject hide, break and end nothing',
    async run(harness) {
      for (const [name, value] of ODD_VALUES) {
        for (const fail of [throwing(value), rejecting(value)]) {
          const breaker = new CircuitBreaker({
            clock: harness.clock,
            failureThreshold: 1,
            isFailure: fail,
            onStateChange: fail,
          })
          const reported: unknown[] = []
          const queue = new JobQueue({
            name: 'work',
            backend: await harness.open(),
            clock: harness.clock,
            report: (_message, cause) => {
              reported.push(cause)
              return fail()
            },
            jobs: {
              bad: defineJob({
                breaker,
                backoff: fail,
                run: () => {
                  throw new Error('the reason')
                },
              }),
              good: defineJob({ run: () => 'done' }),
            },
          })
          queue.on(fail)
          const { id } = await queue.add('bad', null, {
            attempts: 2,
            backoff: { type: 'custom', delay: 1000, jitter: 0 },
          })
          const good = await queue.add('good', null)
          expectEqual(await queue.drain({ onSettled: fail, onError: fail }), 2, name)
          const record = await queue.get(id)
          expectEqual(
            [record?.state, (record?.lastError as { message?: string })?.message, breaker.state()],
            ['scheduled', 'the reason', 'open'],
            name,
          )
          expectEqual((await queue.get(good.id))?.result, 'done', name)
          expectTrue(
            reported.some((cause) => Object.is(cause, value)),
            `${name} to be reported`,
          )
        }
      }
    },
  },
  {
    name: 'whatever callbacks do, throw, reject, never end or answer anything: jobs end as they were to, and what was thrown is told',
    async run(harness) {
      const backend = await harness.open()
      for (const [index, [what, act, isThrown]] of misbehaviours().entries()) {
        const reported: unknown[] = []
        const breaker = new CircuitBreaker({
          clock: harness.clock,
          failureThreshold: 1,
          isFailure: act as never,
          onStateChange: act,
        })
        const queue: JobQueue = new JobQueue({
          name: `odd-${index}`,
          backend,
          clock: harness.clock,
          report: (_message, cause) => {
            reported.push(cause)
            return act()
          },
          jobs: {
            good: defineJob({ run: () => 'done' }),
            bad: defineJob({
              breaker,
              backoff: act as never,
              run: () => {
                throw new Error('the reason')
              },
            }),
            limited: defineJob({
              rateLimit: { limit: 9, window: '1m', key: act as never },
              run: () => 'done',
            }),
            batch: defineJob({ batch: { size: 3 }, run: () => act() as never }),
          },
        })
        queue.on(act)
        const options = {
          attempts: 2,
          timeout: '2s',
          backoff: { type: 'custom', delay: '1h', jitter: 0 },
        } as const
        const names = ['good', 'bad', 'limited', 'batch'] as const
        const ids: string[] = []
        for (const name of names) ids.push((await queue.add(name, 1, options)).id)
        const attempts = await passing(harness, queue.drain({ onSettled: act, onError: act }))
        expectEqual(attempts >= names.length, true, what)
        const [good, bad, ...others] = await Promise.all(ids.map((id) => queue.get(id)))
        expectEqual([good?.state, good?.result], ['completed', 'done'], what)
        // A wait that it chose itself may be over by now.
        const reason = (bad?.lastError as { message?: string } | null)?.message
        expectEqual([bad?.state === 'completed', reason], [false, 'the reason'], what)
        for (const other of others)
          if (other?.state !== 'completed') checkError(other?.lastError, `${what}, ${other?.name}`)
        if (isThrown === undefined) continue
        expectEqual(bad?.state, 'scheduled', what)
        expectTrue(
          reported.some((cause) => Object.is(cause, isThrown.value)),
          `what was thrown to be told: ${what}`,
        )
      }
    },
  },
  {
    name: 'a listener that adds another, or takes one away, each time it hears is told each thing once',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      const heard: number[] = []
      const stops: (() => void)[] = []
      const listen = (): void => {
        const place = stops.length
        stops.push(
          queue.on(({ type }) => {
            if (type !== 'added') return
            heard.push(place)
            if (place === 0) stops[1]?.()
            listen()
          }),
        )
      }
      listen()
      listen()
      await queue.add('note', 1)
      expectEqual(heard, [0])
      await queue.add('note', 2)
      expectEqual(heard, [0, 0, 2])
    },
  },
  {
    name: 'a failure that nobody listens to is reported with what was thrown, the same once a minute',
    async run(harness) {
      const thrown = new Error('the reason')
      const reported: [string, unknown][] = []
      const queue = new JobQueue({
        name: 'work',
        backend: await harness.open(),
        clock: harness.clock,
        report: (...said) => reported.push(said),
        jobs: {
          bad: defineJob({
            run: () => {
              throw thrown
            },
          }),
        },
      })
      const fail = async (): Promise<void> => {
        await queue.add('bad', null, { attempts: 1 })
        await queue.drain()
      }
      for (let times = 0; times < 3; times++) await fail()
      expectEqual(reported.length, 1)
      expectTrue(reported[0]?.[1] === thrown, 'the error itself')
      expectEqual(reported[0]?.[0], 'Job "bad" of queue work is dead, attempt 1 of 1')
      await harness.advance(60_000)
      await fail()
      expectEqual(
        reported[1]?.[0],
        'Job "bad" of queue work is dead, attempt 1 of 1 (and 2 times before)',
      )
      await harness.advance(60_000)
      await queue.add('bad', null, { attempts: 1 })
      const heard: unknown[] = []
      await queue.drain({
        onSettled: (_job, _outcome, _fate, error) => heard.push(error),
      })
      expectTrue(heard[0] === thrown, 'the error itself, to onSettled')
      const stop = queue.on(() => undefined)
      await fail()
      expectEqual(reported.length, 2, 'reports while somebody listens')
      stop()
      await fail()
      expectEqual(reported.length, 3, 'reports once nobody listens')
    },
  },
  {
    name: 'records keep no stack, unless the queue is asked to',
    async run(harness) {
      for (const recordStacks of [false, true]) {
        const queue = new JobQueue({
          name: 'work',
          backend: await harness.open(),
          clock: harness.clock,
          recordStacks,
          report: () => undefined,
          jobs: {
            bad: defineJob({
              run: () => {
                throw new Error('the reason')
              },
            }),
          },
        })
        const { id } = await queue.add('bad', null, { attempts: 1 })
        await queue.drain()
        const { stack } = ((await queue.get(id))?.lastError ?? {}) as { stack?: string }
        expectEqual(typeof stack === 'string' && stack !== '', recordStacks, String(stack))
      }
    },
  },
]

function checkError(error: unknown, what: string): void {
  const { name, code, message, ...more } = error as Record<string, unknown>
  expectTrue(typeof name === 'string' && name !== '' && name.length <= 100, `${what}: a name`)
  expectTrue(typeof code === 'string' && code !== '', `${what}: a code`)
  expectTrue(typeof message === 'string' && message.length <= 2000, `${what}: a message`)
  expectEqual(more, {}, what)
}

type Misbehaviour = readonly [
  what: string,
  act: () => unknown,
  thrown?: { readonly value: unknown },
]

/** What a callback may do other than what it is for. */
function misbehaviours(): readonly Misbehaviour[] {
  return [
    ['never ends', () => new Promise(() => undefined)],
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it answers
    ['answers a promise that calls nobody', () => ({ then: () => undefined })],
    ...ODD_VALUES.flatMap(([name, value]): Misbehaviour[] => [
      [`throws ${name}`, throwing(value), { value }],
      [`rejects with ${name}`, rejecting(value), { value }],
      [`answers ${name}`, () => value],
      [`resolves with ${name}`, async () => value],
    ]),
  ]
}

/** Lets time pass until something has ended. */
async function passing<Result>(harness: JobQueueHarness, work: Promise<Result>): Promise<Result> {
  let isOver = false
  const over = (): void => void (isOver = true)
  work.then(over, over)
  for (let seconds = 0; seconds < 60 && !isOver; seconds++) await harness.advance(1000)
  return work
}

function throwing(value: unknown): () => never {
  return () => {
    throw value
  }
}

function rejecting(value: unknown): () => Promise<never> {
  return async () => {
    throw value
  }
}
