import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import { saga, type SagaDefinition } from '../../../src/runtime/coordination/sagas/saga.ts'
import {
  calls,
  checkout,
  expectGrowingFences,
  hasCode,
  note,
  open,
  openOutside,
  undo,
} from './saga-scenario.ts'
import { openFixture, type CoordinationHarness } from './fixture.ts'

/** What sagas do: forward, back, stuck, and what they refuse. */
export const sagaLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'run() makes the steps in order, hands results on, and answers with all of them, in one commit a step and one more',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const outside = openOutside()
      const outcome = await open(process, checkout(outside)).run({ order: 7 }, { id: 'o7' })
      expectEqual(outcome, {
        id: 'o7',
        status: 'completed',
        results: { reserve: 'reserve of 7', charge: 'charge of 7', ship: 'ship of 7', tell: null },
      })
      expectEqual(calls(outside), ['reserve', 'charge', 'ship', 'tell'])
      expectEqual(outside.effects.at(2)?.given, { reserve: 'reserve of 7', charge: 'charge of 7' })
      expectEqual([process.backend.store.commits, process.backend.store.reads], [5, 0])
    },
  },
  {
    name: 'run() with an id that is known answers how that saga ended, and refuses other input',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside()
      const first = await open(fixture.process(), checkout(outside)).run({ order: 7 }, { id: 'o7' })
      const again = open(fixture.process(), checkout(outside))
      expectEqual(await again.run({ order: 7 }, { id: 'o7' }), first)
      expectEqual(outside.effects.length, 4)
      await expectRejection(
        () => again.run({ order: 8 }, { id: 'o7' }),
        (error) => hasCode(error, 'saga_conflict'),
        'saga_conflict',
      )
    },
  },
  {
    name: 'run() tries a failing step again after its backoff, under the same key and a greater fence',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside({ charge: 2 })
      const since = fixture.clock.now()
      const running = open(fixture.process(), checkout(outside)).run({ order: 7 })
      expectEqual((await fixture.settle(running, 250)).status, 'completed')
      const tries = outside.effects.filter(({ call }) => call === 'charge')
      expectEqual(
        tries.map(({ attempt }) => attempt),
        [1, 2, 3],
      )
      expectEqual(new Set(tries.map(({ key }) => key)).size, 1)
      expectGrowingFences(outside)
      expectTrue(fixture.clock.now() - since >= 3000, 'the backoff of 1 s and 2 s to pass')
    },
  },
  {
    name: 'run() undoes what was done in reverse when a step fails for good, the failed one first',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside({ charge: Infinity })
      const running = open(fixture.process(), checkout(outside)).run({ order: 7 }, { id: 'o7' })
      const outcome = await fixture.settle(running)
      expectEqual(outcome, {
        id: 'o7',
        status: 'compensated',
        cause: { step: 'charge', error: { name: 'Error', code: null, message: 'charge failed' } },
      })
      expectEqual(calls(outside), [
        'reserve',
        'charge',
        'charge',
        'charge',
        'undo charge',
        'undo reserve',
      ])
      expectEqual(
        outside.effects.slice(-2).map(({ given }) => given),
        ['nothing known', 'reserve of 7'],
      )
      expectGrowingFences(outside)
    },
  },
  {
    name: 'run() does not repeat a step whose error says that it is unrecoverable',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside()
      const process = fixture.process()
      const orchestrator = new SagaOrchestrator({ ...process, name: 'small' })
        .addStep({ execute: () => note(outside, 'first'), compensate: () => undo(outside) })
        .addStep({
          execute: () => {
            note(outside, 'second')
            throw Object.assign(new Error('no such account'), { code: 'unrecoverable' })
          },
        })
      expectEqual((await orchestrator.run()).status, 'compensated')
      expectEqual(calls(outside), ['first', 'second', 'undo'])
    },
  },
  {
    name: 'run() is stuck behind the pivot; retry() and resume() finish it',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside({ ship: Infinity })
      const orchestrator = open(fixture.process(), checkout(outside))
      const outcome = await fixture.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 5000)
      const stuck = {
        during: 'running',
        step: 2,
        error: { name: 'Error', code: null, message: 'ship failed' },
      }
      expectEqual(outcome, { id: 'o7', status: 'stuck', stuck })
      expectEqual(await orchestrator.listStuck(), [{ id: 'o7', stuck }])
      expectEqual(
        (await orchestrator.inspect('o7'))?.steps.map(({ state, attempts }) => [state, attempts]),
        [
          ['done', 1],
          ['done', 1],
          ['started', 10],
          ['pending', 0],
        ],
      )
      expectEqual(await orchestrator.resume('o7'), outcome, 'a stuck saga that is only resumed')
      outside.failures.clear()
      await orchestrator.retry('o7')
      expectEqual(await orchestrator.listStuck(), [])
      await expectRejection(
        () => orchestrator.retry('o7'),
        (error) => hasCode(error, 'saga_not_stuck'),
        'a second retry to be refused',
      )
      expectEqual((await orchestrator.resume('o7')).status, 'completed')
      expectEqual(calls(outside).slice(-2), ['ship', 'tell'])
    },
  },
  {
    name: 'retry() and skip() are done once, also when the answer was lost',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const outside = openOutside({ ship: Infinity })
      const orchestrator = open(process, checkout(outside))
      await fixture.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 5000)
      for (const when of ['before', 'after'] as const) {
        process.backend.store.failCommit(1, when, false)
        await fixture.settle(orchestrator.retry('o7'), 50)
        await fixture.settle(orchestrator.resume('o7'), 5000)
      }
      process.backend.store.failCommit(1, 'after', false)
      await fixture.settle(orchestrator.skip('o7', 'sent by hand'), 50)
      expectEqual((await orchestrator.resume('o7')).status, 'completed')
    },
  },
  {
    name: 'a saga that has ended is kept for its time, one that is stuck until it is dealt with',
    async run(harness) {
      const fixture = await openFixture(harness)
      const done = open(fixture.process(), checkout(openOutside()))
      await done.run({ order: 1 }, { id: 'done' })
      const stuck = open(fixture.process(), checkout(openOutside({ ship: Infinity })))
      await fixture.settle(stuck.run({ order: 2 }, { id: 'stuck' }), 5000)
      await fixture.advance(13 * 86_400_000)
      expectEqual((await done.inspect('done'))?.status, 'completed')
      await fixture.advance(86_400_000)
      expectEqual(await done.inspect('done'), null)
      expectEqual((await stuck.inspect('stuck'))?.status, 'stuck')
      expectEqual((await stuck.listStuck()).length, 1)
    },
  },
  {
    name: 'run() is stuck when a compensation fails for good; skip() goes on with the others',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside({ charge: Infinity, 'undo charge': Infinity })
      const orchestrator = open(fixture.process(), checkout(outside))
      const outcome = await fixture.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 5000)
      expectEqual(outcome.status === 'stuck' && [outcome.stuck.during, outcome.stuck.step], [
        'compensating',
        1,
      ])
      await expectRejection(
        () => orchestrator.skip('o7', ''),
        (error) => error instanceof RangeError,
        'a reason to be wanted',
      )
      await orchestrator.skip('o7', 'refunded by hand')
      expectEqual((await orchestrator.resume('o7')).status, 'compensated')
      expectEqual(calls(outside).at(-1), 'undo reserve')
      const view = await orchestrator.inspect('o7')
      expectEqual(
        view?.steps.map(({ state, skipped }) => [state, skipped]),
        [
          ['undone', null],
          ['skipped', 'refunded by hand'],
          ['pending', null],
          ['pending', null],
        ],
      )
    },
  },
  {
    name: 'an attempt that takes too long has failed, and its signal aborts',
    async run(harness) {
      const fixture = await openFixture(harness)
      const signals: AbortSignal[] = []
      const definition = saga('hanging', 1)
        .step('first', {
          timeout: '10s',
          retry: { attempts: 2 },
          execute: ({ signal }) => {
            signals.push(signal)
            return new Promise<never>(() => {})
          },
        })
        .build()
      const running = open(fixture.process(), definition).run(null, { id: 's' })
      const outcome = await fixture.settle(running, 1000)
      expectEqual(outcome.status === 'compensated' && outcome.cause.error.code, 'saga_timeout')
      expectEqual(
        signals.map(({ aborted }) => aborted),
        [true, true],
      )
    },
  },
  {
    name: 'run() that is called off leaves the saga where it is, without counting the attempt',
    async run(harness) {
      const fixture = await openFixture(harness)
      const stop = new AbortController()
      let attempts: number[] = []
      const definition = saga('stoppable', 1)
        .step('first', {
          execute: ({ attempt, signal }) => {
            attempts = [...attempts, attempt]
            if (attempts.length > 1) return 'done'
            return new Promise<string>((_, reject) => {
              signal.addEventListener('abort', () => reject(new Error('stopped')))
            })
          },
        })
        .build()
      const orchestrator = open(fixture.process(), definition)
      const running = orchestrator.run(null, { id: 's', signal: stop.signal })
      const outcome = running.catch((error: unknown) => String(error))
      await fixture.advance(1000)
      stop.abort(new Error('deploying'))
      expectEqual(await fixture.settle(outcome), 'Error: deploying')
      expectEqual((await open(fixture.process(), definition).resume('s')).status, 'completed')
      expectEqual(attempts, [1, 1])
    },
  },
  {
    name: 'a saga goes on with the version that began it; changed steps make it stuck, a newer version is left alone',
    async run(harness) {
      const fixture = await openFixture(harness)
      const ran: string[] = []
      const version = (number: number, ...names: string[]): SagaDefinition => {
        let builder = saga('versioned', number).step('a', {
          execute: () => {
            ran.push(`a${number}`)
            if (ran.length === 1) throw new Error('not yet')
          },
          retry: { attempts: 5, backoff: { delay: '1h', jitter: 0, maxDelay: '1h' } },
        })
        for (const name of names)
          builder = builder.step(name, { execute: () => void ran.push(`${name}${number}`) })
        return builder.build()
      }
      const stop = new AbortController()
      const begun = open(fixture.process(), version(2, 'b')).run(null, {
        id: 's',
        signal: stop.signal,
      })
      const called = begun.catch(() => 'called off')
      await fixture.advance(1000)
      stop.abort()
      expectEqual(await fixture.settle(called), 'called off')
      await expectRejection(
        () => open(fixture.process(), version(1, 'x')).resume('s'),
        (error) => hasCode(error, 'saga_version'),
        'an older worker to leave it alone',
      )
      const changed = await open(fixture.process(), version(2, 'c')).resume('s')
      expectEqual(changed.status === 'stuck' && [changed.stuck.step, changed.stuck.error.code], [
        null,
        'definition_changed',
      ])
      expectEqual((await open(fixture.process(), version(3, 'd')).resume('s')).status, 'stuck')
      const both = new SagaOrchestrator({
        ...fixture.process(),
        saga: version(3, 'd'),
        earlier: [version(2, 'b')],
      })
      expectEqual((await both.resume('s')).status, 'completed')
      expectEqual(await both.listStuck(), [])
      expectEqual(ran, ['a2', 'a2', 'b2'])
    },
  },
  {
    name: 'a step whose result cannot be kept counts as failed, once, and is undone',
    async run(harness) {
      const fixture = await openFixture(harness)
      for (const result of ['x'.repeat(1_000_000), 1n, () => 1]) {
        const outside = openOutside()
        const orchestrator = new SagaOrchestrator({ ...fixture.process(), name: 'large' }).addStep({
          name: 'only',
          execute: () => {
            note(outside, 'only')
            return result as string
          },
          compensate: ({ result: known }) => note(outside, `undo ${typeof known}`),
        })
        const outcome = await orchestrator.run()
        expectEqual(outcome.status === 'compensated' && outcome.cause.error.code, 'saga_result')
        expectEqual(calls(outside), ['only', 'undo undefined'])
      }
    },
  },
  {
    name: 'run() refuses input that is too large and ids out of range; inspect() and resume() know no other ids',
    async run(harness) {
      const fixture = await openFixture(harness)
      const orchestrator = open(fixture.process(), checkout(openOutside()))
      for (const act of [
        () => orchestrator.run({ order: 'x'.repeat(300_000) } as never),
        () => orchestrator.run({ order: 1 }, { id: '' }),
        () => orchestrator.inspect('x'.repeat(201)),
      ])
        await expectRejection(act, (error) => error instanceof RangeError, 'a RangeError')
      expectEqual(await orchestrator.inspect('none'), null)
      for (const act of [orchestrator.resume('none'), orchestrator.retry('none')]) {
        await expectRejection(
          () => act,
          (error) => hasCode(error, 'saga_unknown'),
          'saga_unknown',
        )
      }
    },
  },
]
