import { CircuitBreaker } from '../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import type { CircuitBreakerOptions } from '../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import { CircuitOpenError } from '../../../src/runtime/coordination/circuit-breaker/circuit-open-error.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { openFixture, type CoordinationHarness, type Process } from './fixture.ts'

const RESET_MS = 30_000
const SYNC_MS = 5000

export const circuitLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'execute() through a closed circuit costs one read in all, then no round trip until the next comparison',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const { store } = process.backend
      const breaker = open(process)
      for (let call = 0; call < 500; call++) expectEqual(await breaker.execute(() => call), call)
      expectEqual([store.reads, store.commits], [1, 0])
      await fixture.advance(SYNC_MS)
      for (let call = 0; call < 500; call++) await breaker.execute(() => call)
      await fixture.advance(1)
      expectEqual([store.reads, store.commits], [1, 1])
      for (let tenth = 0; tenth < 100; tenth++) {
        await fixture.advance(SYNC_MS / 10)
        await breaker.execute(() => 1)
      }
      await fixture.advance(1)
      expectTrue(store.reads + store.commits <= 13, `${store.commits} commits in 10 intervals`)
    },
  },
  {
    name: 'execute() opens for everybody when one has seen too much, and calls nobody then',
    async run(harness) {
      const fixture = await openFixture(harness)
      const changes: string[] = []
      const [a, b] = [
        open(fixture.process(), { onStateChange: ({ from, to }) => changes.push(`${from}>${to}`) }),
        open(fixture.process()),
      ]
      for (let call = 0; call < 3; call++) await failing(a)
      expectEqual([a.state(), changes], ['open', ['closed>open']])
      let calls = 0
      for (const breaker of [a, b]) {
        await expectRejection(
          () => breaker.execute(() => ++calls),
          (error) =>
            error instanceof CircuitOpenError &&
            error.code === 'circuit_open' &&
            error.retryAfterMs > 0 &&
            error.retryAfterMs <= RESET_MS,
          'circuit_open',
        )
      }
      expectEqual(calls, 0)
    },
  },
  {
    name: 'execute() adds up failures of processes that each see few, and successes weigh against them',
    async run(harness) {
      const fixture = await openFixture(harness)
      const rate = { failureRate: 0.5, minimumCalls: 10 }
      const breakers = Array.from({ length: 5 }, () => open(fixture.process(), rate))
      for (const breaker of breakers) await breaker.execute(() => 1)
      await fixture.advance(SYNC_MS)
      for (const breaker of breakers) {
        await breaker.execute(() => 1)
        await fixture.advance(10)
      }
      for (let round = 0; round < 3; round++) {
        for (const breaker of breakers) {
          await failing(breaker)
          await fixture.advance(SYNC_MS / 5 + 1)
        }
      }
      const modes = new Set<string>()
      await fixture.advance(SYNC_MS)
      for (const breaker of breakers) {
        await breaker.execute(() => 1).catch(() => 0)
        await fixture.advance(10)
        modes.add(breaker.state())
      }
      expectEqual([...modes], ['open'], 'the state that everybody sees')
    },
  },
  {
    name: 'execute() tells of a first failure at once, so that processes with one call each open the circuit',
    async run(harness) {
      const fixture = await openFixture(harness)
      for (let call = 0; call < 3; call++) {
        await failing(open(fixture.process()))
        await fixture.advance(1)
      }
      const refused = await failing(open(fixture.process()))
      expectTrue(refused instanceof CircuitOpenError, 'the fourth to be refused')
    },
  },
  {
    name: 'execute() forgets calls of before the circuit opened and closed again, counted or still on their way',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [a, b] = [open(fixture.process()), open(fixture.process())]
      const slow = Promise.withResolvers<never>()
      const onTheWay = a.execute(() => slow.promise).catch(() => {})
      // The first is sent at once, the second waits for the next comparison.
      for (let call = 0; call < 2; call++) await failing(a)
      await fixture.advance(1)
      for (let call = 0; call < 3; call++) await failing(b)
      expectEqual(b.state(), 'open')
      await fixture.advance(RESET_MS)
      await b.execute(() => 'probe')
      expectEqual(b.state(), 'closed')
      // What the first one knows is old: it takes this failure for the third, and hears better.
      await failing(a)
      expectEqual(a.state(), 'closed', 'the state after hearing that all is new')
      for (let call = 0; call < 2; call++) await failing(a)
      slow.reject(new Error('late'))
      await onTheWay
      await fixture.advance(SYNC_MS)
      expectEqual([a.state(), b.state()], ['closed', 'closed'])
      await failing(a)
      expectEqual(a.state(), 'open', 'the state after the third failure in a row of now')
    },
  },
  {
    name: 'execute() stays closed for everybody while a single unlucky process fails',
    async run(harness) {
      const fixture = await openFixture(harness)
      const rate = { failureRate: 0.5, minimumCalls: 10 }
      const lucky = open(fixture.process(), rate)
      for (let call = 0; call < 100; call++) await lucky.execute(() => 1)
      await fixture.advance(SYNC_MS)
      await lucky.execute(() => 1)
      await fixture.advance(10)
      const unlucky = open(fixture.process(), rate)
      for (let call = 0; call < 20; call++) await failing(unlucky)
      await fixture.advance(SYNC_MS)
      await lucky.execute(() => 1)
      expectEqual([lucky.state(), unlucky.state()], ['closed', 'closed'])
    },
  },
  {
    name: 'execute() lets no more probes through than there are, whoever asks, and closes when all succeeded',
    async run(harness) {
      const fixture = await openFixture(harness)
      const breakers = Array.from({ length: 4 }, () =>
        open(fixture.process(), { halfOpenProbes: 2 }),
      )
      for (let call = 0; call < 3; call++) await failing(breakers[0])
      for (const breaker of breakers) await breaker.execute(() => 1).catch(() => 0)
      await fixture.advance(RESET_MS)
      const probe = Promise.withResolvers<number>()
      let calls = 0
      const outcomes = Promise.allSettled(
        [...breakers, ...breakers].map((breaker) =>
          breaker.execute(() => {
            calls++
            return probe.promise
          }),
        ),
      )
      await fixture.advance(1000, 100)
      expectEqual(calls, 2, 'the calls that were let through')
      probe.resolve(1)
      const settled = await fixture.settle(outcomes)
      expectEqual(settled.filter(({ status }) => status === 'fulfilled').length, 2)
      await fixture.advance(SYNC_MS)
      for (const breaker of breakers) await breaker.execute(() => 1).catch(() => 0)
      await fixture.advance(10)
      for (const breaker of breakers) {
        expectEqual(await breaker.execute(() => 1), 1)
        expectEqual(breaker.state(), 'closed')
      }
    },
  },
  {
    name: 'execute() opens again when one probe fails, and gives up probes that never answer',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [a, b] = [open(fixture.process()), open(fixture.process())]
      for (let call = 0; call < 3; call++) await failing(a)
      await fixture.advance(RESET_MS)
      expectEqual(String(await failing(a)), 'Error: the other side failed')
      expectEqual(a.state(), 'open')
      await fixture.advance(RESET_MS)
      void a.execute(() => new Promise<never>(() => {})).catch(() => {})
      await fixture.advance(1000)
      expectTrue((await failing(b)) instanceof CircuitOpenError, 'the budget to be used up')
      await fixture.advance(RESET_MS)
      expectEqual(await fixture.settle(b.execute(() => 'alive')), 'alive')
      expectEqual(b.state(), 'closed')
    },
  },
  {
    name: 'execute() fails open: without its store it goes on by itself, and shares again afterwards',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const errors: unknown[] = []
      process.backend.store.setDead(true)
      const breaker = open(process, { onStoreError: (error) => errors.push(error) })
      expectEqual(await breaker.execute(() => 'through'), 'through')
      for (let call = 0; call < 3; call++) await failing(breaker)
      expectEqual([breaker.state(), errors.length > 0], ['open', true])
      await fixture.advance(RESET_MS)
      expectEqual(await breaker.execute(() => 'probe'), 'probe')
      expectEqual(breaker.state(), 'closed')
      process.backend.store.setDead(false)
      for (let call = 0; call < 3; call++) await failing(breaker)
      const other = open(fixture.process())
      expectTrue((await failing(other)) instanceof CircuitOpenError, 'the other to know')
    },
  },
]

function open({ backend, clock }: Process, options: CircuitBreakerOptions = {}): CircuitBreaker {
  return new CircuitBreaker({
    backend,
    clock,
    name: 'mailer',
    ...(options.failureRate === undefined && { failureThreshold: 3 }),
    resetTimeout: RESET_MS,
    syncInterval: SYNC_MS,
    ...options,
  })
}

/** Lets one call fail. @returns What `execute` threw */
async function failing(breaker: CircuitBreaker | undefined): Promise<unknown> {
  return breaker
    ?.execute(() => {
      throw new Error('the other side failed')
    })
    .catch((error: unknown) => error)
}
