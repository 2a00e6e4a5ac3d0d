import type { SagaError } from '../../../src/runtime/coordination/sagas/saga-error.ts'
import type { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import { saga, type SagaDefinition } from '../../../src/runtime/coordination/sagas/saga.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import type { ClaimedJob, QueueStore } from '../../../src/runtime/ports/job-store/job-store.ts'
import {
  calls,
  checkout,
  expectGrowingFences,
  hasCode,
  LEASE_MS,
  note,
  open,
  openOutside,
  type Outside,
} from './saga-scenario.ts'
import { openFixture, type CoordinationHarness, type Fixture } from './fixture.ts'

/** What sagas do when drivers crash, race or lose answers, and how workers go on with them. */
export const sagaCrashLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'a saga whose driver died at any commit is finished by the next one: nothing lost, one step at most repeated',
    async run(harness) {
      const scenarios: Readonly<Record<string, number>>[] = [
        {},
        { reserve: 1, ship: 2 },
        { charge: Infinity },
        { charge: Infinity, 'undo charge': 1, 'undo reserve': 2 },
        { ship: Infinity },
        { charge: Infinity, 'undo reserve': Infinity },
      ]
      for (const failures of scenarios) await crashEverywhere(harness, failures)
    },
  },
  {
    name: 'a saga whose driver lost the answer to any commit goes on, and repeats nothing',
    async run(harness) {
      const failures = { reserve: 1, charge: Infinity, 'undo charge': 1 }
      const wanted = await runUndisturbed(harness, failures)
      for (let nth = 1; nth <= wanted.commits; nth++) {
        for (const when of ['before', 'after'] as const) {
          const fixture = await openFixture(harness)
          const process = fixture.process()
          const outside = openOutside(failures)
          process.backend.store.failCommit(nth, when, false)
          const running = open(process, checkout(outside)).run({ order: 7 }, { id: 'o7' })
          const { status } = await fixture.settle(running, 50)
          expectEqual(
            [status, calls(outside)],
            [wanted.status, wanted.calls],
            `losing commit ${nth} ${when}`,
          )
        }
      }
    },
  },
  {
    name: 'two drivers of one saga: one runs it, the other is told that it is in progress',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside()
      const drivers = Array.from({ length: 4 }, () => open(fixture.process(), checkout(outside)))
      const outcomes = await fixture.settle(
        Promise.allSettled(drivers.map((driver) => driver.run({ order: 7 }, { id: 'o7' }))),
      )
      expectEqual(calls(outside), ['reserve', 'charge', 'ship', 'tell'])
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expectEqual(outcome.value.status, 'completed')
        else {
          const { reason } = outcome as { reason: unknown }
          expectTrue(
            hasCode(reason, 'saga_in_progress') && (reason as SagaError).retryAfterMs === LEASE_MS,
            'saga_in_progress',
          )
        }
      }
    },
  },
  {
    name: 'a driver that was thought dead writes nothing any more, and learns it',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [slow, next] = [fixture.process(), fixture.process()]
      const step = Promise.withResolvers<string>()
      const outside = openOutside()
      const definition = (first: () => Promise<string>): SagaDefinition =>
        saga('slow', 1)
          .step('first', {
            execute: (context) => {
              note(outside, 'first', context)
              return first()
            },
          })
          .step('second', { execute: (context) => note(outside, 'second', context) })
          .build()
      const running = open(
        slow,
        definition(() => step.promise),
      ).run(null, { id: 's' })
      const outcome = running.catch((error: unknown) => error)
      await fixture.advance(1000)
      slow.backend.store.setDead(true)
      await fixture.advance(LEASE_MS, 1000)
      const driver = open(
        next,
        definition(async () => 'next'),
      )
      expectEqual((await driver.resume('s')).status, 'completed')
      slow.backend.store.setDead(false)
      step.resolve('slow')
      expectTrue(hasCode(await fixture.settle(outcome), 'saga_lost'), 'saga_lost')
      expectEqual(calls(outside), ['first', 'first', 'second'])
      expectGrowingFences(outside)
      expectEqual((await driver.inspect('s'))?.steps[0]?.result, 'next')
    },
  },
  {
    name: 'a driver keeps its saga while a step runs longer than the lease',
    async run(harness) {
      const fixture = await openFixture(harness)
      const step = Promise.withResolvers<string>()
      const definition = saga('slow', 1)
        .step('first', { execute: () => step.promise, timeout: '1h' })
        .build()
      const running = open(fixture.process(), definition).run(null, { id: 's' })
      await fixture.advance(5 * LEASE_MS, LEASE_MS / 6)
      await expectRejection(
        () => open(fixture.process(), definition).resume('s'),
        (error) => hasCode(error, 'saga_in_progress'),
        'the saga to be driven',
      )
      step.resolve('done')
      expectEqual((await fixture.settle(running)).status, 'completed')
    },
  },
  {
    name: 'start() leaves the saga to the worker, once for each id',
    async run(harness) {
      const fixture = await openFixture(harness)
      const outside = openOutside({ charge: 1 })
      const orchestrator = open(fixture.process(), checkout(outside), fixture)
      for (let time = 0; time < 2; time++)
        expectEqual(await orchestrator.start({ order: 7 }, { id: 'o7' }), 'o7')
      expectEqual([outside.effects.length, await orchestrator.inspect('o7')], [0, null])
      await work(fixture, orchestrator)
      expectEqual((await orchestrator.inspect('o7'))?.status, 'completed')
      expectEqual(calls(outside), ['reserve', 'charge', 'charge', 'ship', 'tell'])
      await expectRejection(
        () => open(fixture.process(), checkout(outside)).start({ order: 7 }),
        (error) => hasCode(error, 'saga_no_job_store'),
        'saga_no_job_store',
      )
    },
  },
  {
    name: 'a saga that run() began is finished by the worker when its process dies at any point',
    async run(harness) {
      for (let nth = 1; nth <= 5; nth++) {
        const fixture = await openFixture(harness)
        const [dying, next] = [fixture.process(), fixture.process()]
        const outside = openOutside()
        dying.backend.store.failCommit(nth, 'after', true)
        void open(dying, checkout(outside), fixture)
          .run({ order: 7 }, { id: 'o7' })
          .catch(() => {})
        await fixture.advance(2000, 100)
        const worker = open(next, checkout(outside), fixture)
        await work(fixture, worker)
        expectEqual((await worker.inspect('o7'))?.status, 'completed', `dying at commit ${nth}`)
        expectEqual(new Set(outside.effects.map(({ key }) => key)).size, 4)
        expectTrue(outside.effects.length <= 5, 'one step at most to be repeated')
        expectGrowingFences(outside)
      }
    },
  },
  {
    name: 'a job whose saga is driven elsewhere waits, and goes on when that driver has died',
    async run(harness) {
      const fixture = await openFixture(harness)
      const hanging = fixture.process()
      const step = Promise.withResolvers<string>()
      const definition = (first: () => Promise<string>): SagaDefinition =>
        saga('slow', 1).step('first', { execute: first, timeout: '1h' }).build()
      const driver = open(
        hanging,
        definition(() => step.promise),
        fixture,
      )
      void driver.run(null, { id: 's' }).catch(() => {})
      const worker = open(
        fixture.process(),
        definition(async () => 'worker'),
        fixture,
      )
      const queue = fixture.backend.jobStore.queue(worker.processor.queue)
      await fixture.advance(LEASE_MS, LEASE_MS / 6)
      const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 600_000 } })
      const [job] = claimed
      expectTrue(job !== undefined, 'the job to be due')
      const control = { signal: new AbortController().signal, progress: () => {} }
      const outcome = await worker.processor.process(job, control)
      expectEqual(outcome, { to: 'scheduled', delayMs: LEASE_MS, refund: true })
      await queue.exchange({ settle: [{ id: job.id, token: job.token, outcome }] })
      hanging.backend.store.setDead(true)
      await work(fixture, worker)
      expectEqual((await worker.inspect('s'))?.steps[0]?.result, 'worker')
    },
  },
  {
    name: 'retry() and skip() wake the worker, also when their process dies in between',
    async run(harness) {
      for (const dies of [false, true]) {
        const fixture = await openFixture(harness)
        const [process, operator] = [fixture.process(), fixture.process()]
        const outside = openOutside({ ship: Infinity })
        const orchestrator = open(process, checkout(outside), fixture)
        await orchestrator.start({ order: 7 }, { id: 'o7' })
        await work(fixture, orchestrator)
        expectEqual((await orchestrator.inspect('o7'))?.status, 'stuck')
        outside.failures.clear()
        if (dies) operator.backend.store.failCommit(1, 'after', true)
        const retrying = open(operator, checkout(outside), fixture).retry('o7')
        await fixture.settle(
          retrying.catch(() => {}),
          50,
        )
        const { ready } = await fixture.backend.jobStore
          .queue(orchestrator.processor.queue)
          .counts()
        expectEqual(ready, dies ? 0 : 1, 'jobs that wait for nothing but a worker')
        await work(fixture, orchestrator)
        expectEqual((await orchestrator.inspect('o7'))?.status, 'completed')
      }
    },
  },
]

/** Runs one scenario with the driver dying at each commit, before and after it; the next driver must come to the same end. */
async function crashEverywhere(
  harness: CoordinationHarness,
  failures: Readonly<Record<string, number>>,
): Promise<void> {
  const wanted = await runUndisturbed(harness, failures)
  for (let nth = 1; nth <= wanted.commits; nth++) {
    for (const when of ['before', 'after'] as const) {
      const fixture = await openFixture(harness)
      const where = `with ${JSON.stringify(failures)}, dying ${when} commit ${nth}`
      const [dying, next] = [fixture.process(), fixture.process()]
      const outside = openOutside(failures)
      dying.backend.store.failCommit(nth, when, true)
      void open(dying, checkout(outside))
        .run({ order: 7 }, { id: 'o7' })
        .catch(() => {})
      // Long enough for every backoff before the crash, too short for the lease to end.
      for (let waited = 0; waited < 60 && dying.backend.store.commits < nth; waited++)
        await fixture.advance(1000)
      await fixture.advance(1000)
      const before = outside.effects.length
      await fixture.advance(LEASE_MS, 1000)
      expectEqual(outside.effects.length, before, `nothing done by the dead, ${where}`)
      const driver = open(next, checkout(outside))
      const { status } = await fixture.settle(driver.run({ order: 7 }, { id: 'o7' }), 5000)
      expectEqual(status, wanted.status, where)
      expectSameEffects(outside, wanted.calls, where)
      expectGrowingFences(outside)
      const view = await driver.inspect('o7')
      expectEqual(
        view?.steps.map(({ state }) => state),
        wanted.states,
        where,
      )
    }
  }
}

async function runUndisturbed(
  harness: CoordinationHarness,
  failures: Readonly<Record<string, number>>,
): Promise<{ commits: number; status: string; calls: string[]; states: string[] }> {
  const fixture = await openFixture(harness)
  const process = fixture.process()
  const outside = openOutside(failures)
  const orchestrator = open(process, checkout(outside))
  const { status } = await fixture.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 5000)
  const { commits } = process.backend.store
  const view = await orchestrator.inspect('o7')
  const states = view?.steps.map(({ state }) => state) ?? []
  return { commits, status, calls: calls(outside), states }
}

/** Everything wanted was done in order; the attempt that a crash cut short was made once more, or was the last of its budget. */
function expectSameEffects(outside: Outside, wanted: readonly string[], where: string): void {
  const made = calls(outside)
  expectEqual(withoutRepeats(made), withoutRepeats(wanted), where)
  expectTrue(
    Math.abs(made.length - wanted.length) <= 1,
    `${made.join(', ')} to be ${wanted.join(', ')} but for one attempt, ${where}`,
  )
}

function withoutRepeats(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => name !== names[index - 1])
}

/** Works the orchestrator's queue until no job is left, as a worker does. */
async function work(
  fixture: Fixture,
  { processor }: { readonly processor: SagaOrchestrator['processor'] },
): Promise<void> {
  const queue: QueueStore = fixture.backend.jobStore.queue(processor.queue)
  const control = { signal: new AbortController().signal, progress: () => {} }
  const runOne = async (job: ClaimedJob): Promise<void> => {
    const outcome = await processor.process(job, control)
    expectTrue(outcome.to !== 'dead', `the job to live: ${JSON.stringify(outcome)}`)
    await queue.exchange({ settle: [{ id: job.id, token: job.token, outcome }] })
  }
  for (let round = 0; round < 200; round++) {
    const claim = { limit: 10, leaseMs: 600_000 }
    const { claimed, wakeInMs } = await queue.exchange({ claim })
    if (claimed.length === 0 && wakeInMs === null) return
    if (claimed.length === 0) await fixture.advance(Math.max(wakeInMs ?? 0, 1))
    for (const job of claimed) await fixture.settle(runOne(job), 1000)
  }
  throw new Error('The queue did not become empty')
}
