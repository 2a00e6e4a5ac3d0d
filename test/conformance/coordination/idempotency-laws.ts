import { fingerprintOf } from '../../../src/runtime/coordination/idempotency/fingerprint.ts'
import { IdempotencyConflictError } from '../../../src/runtime/coordination/idempotency/idempotency-conflict-error.ts'
import { IdempotencyError } from '../../../src/runtime/coordination/idempotency/idempotency-error.ts'
import { IdempotencyInProgressError } from '../../../src/runtime/coordination/idempotency/idempotency-in-progress-error.ts'
import {
  createIdempotency,
  type Idempotency,
} from '../../../src/runtime/coordination/idempotency/idempotency.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { openFixture, type CoordinationHarness, type Process } from './fixture.ts'

const LEASE_MS = 30_000
const KEEP_MS = 3_600_000
const ARGS = { to: 'a@example.org', cents: 5 }

export const idempotencyLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'run() runs the work once and answers with its result for ever after, in 2 commits and then 1',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const calls = open(process)
      const { store } = process.backend
      let runs = 0
      const charge = async () => ({ charge: ++runs, list: [], nothing: null })
      const first = await calls.run('k', fingerprintOf(ARGS), charge)
      expectEqual([store.commits, store.reads], [2, 0])
      const others = [calls, open(fixture.process())]
      for (const other of others)
        expectEqual(await other.run('k', fingerprintOf({ ...ARGS }), charge), first)
      expectEqual([store.commits, store.reads, runs], [3, 0, 1])
      expectEqual(await calls.run('other', fingerprintOf(ARGS), async () => 'new'), 'new')
    },
  },
  {
    name: 'run() refuses a key that was used with other arguments: running, done or crashed',
    async run(harness) {
      const fixture = await openFixture(harness)
      const calls = open(fixture.process())
      // Digests are made on another thread, which a clock that is moved by hand does not wait for.
      const [same, different] = [
        await fingerprintOf(ARGS),
        await fingerprintOf({ ...ARGS, cents: 6 }),
      ]
      const refused = (): Promise<void> =>
        expectRejection(
          () => calls.run('k', different, () => 'never'),
          (error) => error instanceof IdempotencyConflictError,
          'the other arguments to be refused',
        )
      const crashing = fixture.process()
      void crash(
        crashing,
        open(crashing).run('k', same, () => hang()),
      )
      await fixture.advance(1000)
      await refused()
      crashing.backend.store.setDead(true)
      await fixture.advance(LEASE_MS, 1000)
      await refused()
      await calls.run('k', same, () => 'done')
      await refused()
    },
  },
  {
    name: 'run() says that a call is in progress, and when to come again',
    async run(harness) {
      const fixture = await openFixture(harness)
      const work = Promise.withResolvers<string>()
      const running = open(fixture.process()).run('k', 'f', () => work.promise)
      await fixture.advance(1000)
      const other = open(fixture.process())
      await expectRejection(
        () => other.run('k', 'f', () => 'never'),
        (error) => error instanceof IdempotencyInProgressError && error.retryAfterMs === LEASE_MS,
        'in progress',
      )
      work.resolve('done')
      expectEqual(await fixture.settle(running), 'done')
      expectEqual(await other.run('k', 'f', () => 'never'), 'done')
    },
  },
  {
    name: 'run() of many at once runs the work once',
    async run(harness) {
      const fixture = await openFixture(harness)
      let runs = 0
      const outcomes = await fixture.settle(
        Promise.allSettled(
          Array.from({ length: 10 }, () => open(fixture.process()).run('k', 'f', () => ++runs)),
        ),
      )
      expectEqual(runs, 1)
      for (const outcome of outcomes) {
        const answered = outcome.status === 'fulfilled' && outcome.value === 1
        const waits =
          outcome.status === 'rejected' && outcome.reason instanceof IdempotencyInProgressError
        expectTrue(answered || waits, 'each other call to get the answer or to wait')
      }
    },
  },
  {
    name: 'run() frees the key when the work throws',
    async run(harness) {
      const fixture = await openFixture(harness)
      const calls = open(fixture.process())
      await expectRejection(
        () =>
          calls.run('k', 'f', () => {
            throw new Error('the work failed')
          }),
        (error) => String(error) === 'Error: the work failed',
        'the failure of the work',
      )
      expectEqual(await calls.run('k', 'other', () => 2), 2)
    },
  },
  {
    name: 'run() keeps the key while the work goes on, and forgets the result after its time',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [calls, other] = [open(fixture.process()), open(fixture.process())]
      const work = Promise.withResolvers<number>()
      const running = calls.run('k', 'f', () => work.promise)
      await fixture.advance(4 * LEASE_MS, LEASE_MS / 6)
      await expectRejection(
        () => other.run('k', 'f', () => 2),
        (error) => error instanceof IdempotencyInProgressError,
        'in progress after four leases',
      )
      work.resolve(1)
      expectEqual(await fixture.settle(running), 1)
      await fixture.advance(KEEP_MS - 60_000)
      expectEqual(await other.run('k', 'f', () => 2), 1)
      await fixture.advance(60_000)
      expectEqual(await other.run('k', 'other', () => 2), 2)
    },
  },
  {
    name: 'run() after a crash at any commit runs the work again after the lease, and keeps one result',
    async run(harness) {
      for (const nth of [1, 2])
        for (const when of ['before', 'after'] as const) await crashAt(harness, nth, when)
    },
  },
  {
    name: 'run() goes through when the answer to any commit was lost',
    async run(harness) {
      for (const nth of [1, 2]) {
        for (const when of ['before', 'after'] as const) {
          const fixture = await openFixture(harness)
          const process = fixture.process()
          let runs = 0
          process.backend.store.failCommit(nth, when, false)
          const work = () => ++runs
          expectEqual(await fixture.settle(open(process).run('k', 'f', work), 50), 1)
          expectEqual(await open(fixture.process()).run('k', 'f', work), 1)
        }
      }
    },
  },
  {
    name: 'run() that lost its lease never overwrites the result of the call that took over',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [slow, next] = [fixture.process(), fixture.process()]
      const work = Promise.withResolvers<string>()
      const seen: { signal?: AbortSignal; token?: number } = {}
      const running = open(slow).run('k', 'f', (context) => {
        Object.assign(seen, context)
        return work.promise
      })
      await fixture.advance(1000)
      slow.backend.store.setDead(true)
      await fixture.advance(LEASE_MS, 1000)
      expectEqual(seen.signal?.aborted, true, 'the signal after the lease')
      let token = 0
      const second = await open(next).run('k', 'f', (context) => {
        ;({ token } = context)
        return 'second'
      })
      expectEqual(second, 'second')
      expectTrue(token > (seen.token ?? Infinity), 'the token to grow')
      slow.backend.store.setDead(false)
      work.resolve('first')
      expectEqual(
        await fixture.settle(running),
        'second',
        'the answer of the call that was too late',
      )
      expectEqual(await open(next).run('k', 'f', () => 'third'), 'second')
    },
  },
  {
    name: 'run() that lost its lease to a running call says so; one whose place nobody took completes',
    async run(harness) {
      for (const taken of [true, false]) {
        const fixture = await openFixture(harness)
        const [slow, next] = [fixture.process(), fixture.process()]
        const work = Promise.withResolvers<string>()
        const running = open(slow).run('k', 'f', () => work.promise)
        const outcome = running.catch((error: unknown) => error)
        await fixture.advance(1000)
        slow.backend.store.setDead(true)
        await fixture.advance(LEASE_MS, 1000)
        slow.backend.store.setDead(false)
        const other = Promise.withResolvers<string>()
        const second = taken ? open(next).run('k', 'f', () => other.promise) : null
        await fixture.advance(1000)
        work.resolve('first')
        const first = await fixture.settle(outcome)
        other.resolve('second')
        if (second === null) expectEqual(first, 'first')
        else {
          expectTrue(hasCode(first, 'idempotency_lost'), 'idempotency_lost')
          expectEqual(await fixture.settle(second), 'second')
        }
        const kept = await open(next).run('k', 'f', () => 'third')
        expectEqual(kept, taken ? 'second' : 'first')
      }
    },
  },
  {
    name: 'run() does not run again what succeeded with a result that cannot be kept',
    async run(harness) {
      const fixture = await openFixture(harness)
      const calls = open(fixture.process())
      let runs = 0
      for (let call = 0; call < 2; call++) {
        await expectRejection(
          () => calls.run('k', 'f', () => 'x'.repeat(1_048_576 + ++runs)),
          (error) => hasCode(error, 'idempotency_result'),
          'idempotency_result',
        )
      }
      expectEqual(runs, 1)
    },
  },
  {
    name: 'run() hands the work a signal that the caller can abort',
    async run(harness) {
      const fixture = await openFixture(harness)
      const calls = open(fixture.process())
      const stop = new AbortController()
      const running = calls.run(
        'k',
        'f',
        ({ signal }) =>
          new Promise<string>((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error(String(signal.reason))))
          }),
        { signal: stop.signal },
      )
      const outcome = running.catch((error: unknown) => String(error))
      await fixture.advance(1000)
      stop.abort('enough')
      expectEqual(await fixture.settle(outcome), 'Error: enough')
      expectEqual(await calls.run('k', 'f', () => 2), 2)
    },
  },
]

/** Runs until the process dies at its `nth` commit; then another process asks, until it is answered. */
async function crashAt(
  harness: CoordinationHarness,
  nth: number,
  when: 'before' | 'after',
): Promise<void> {
  const fixture = await openFixture(harness)
  const [dying, next] = [fixture.process(), fixture.process()]
  const where = `dying ${when} commit ${nth}`
  const tokens: number[] = []
  const work = ({ token }: { readonly token: number }): number => tokens.push(token)
  dying.backend.store.failCommit(nth, when, true)
  void crash(dying, open(dying).run('k', 'f', work))
  await fixture.advance(2000, 100)
  const calls = open(next)
  const asked = calls.run('k', 'f', work).catch((error: unknown) => error)
  const early = await fixture.settle(asked)
  const [begun, done] = [nth > 1 || when === 'after', nth === 2 && when === 'after']
  if (begun && !done)
    expectTrue(early instanceof IdempotencyInProgressError, `the key to be leased, ${where}`)
  await fixture.advance(LEASE_MS, 1000)
  const answer = await fixture.settle(calls.run('k', 'f', work))
  // The effect of a run that died before its result was kept happens again: at least once, never lost.
  const runs = nth === 2 && when === 'before' ? 2 : 1
  expectEqual([answer, tokens.length], [runs, runs], where)
  expectEqual(
    tokens,
    tokens.toSorted((a, b) => a - b),
    'tokens in order of the runs',
  )
  expectEqual(await calls.run('k', 'f', work), answer, where)
}

function open(process: Process): Idempotency {
  return createIdempotency({ ...process, lease: LEASE_MS, keep: KEEP_MS })
}

/** What a process does that dies: nothing that anybody hears of. */
async function crash(process: Process, running: Promise<unknown>): Promise<void> {
  await running.catch(() => process.backend.store.setDead(true))
}

function hang(): Promise<never> {
  return new Promise(() => {})
}

function hasCode(error: unknown, code: IdempotencyError['code']): boolean {
  return error instanceof IdempotencyError && error.code === code
}
