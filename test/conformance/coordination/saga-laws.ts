import type { ClaimedJob, QueueLedger } from '../../../src/runtime/ports/job-ledger.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import type { Json } from '../../../src/runtime/ports/json.ts'
import { SagaError } from '../../../src/runtime/coordination/saga-error.ts'
import type { SagaOrchestratorOptions } from '../../../src/runtime/coordination/saga-options.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/saga-orchestrator.ts'
import { saga, type SagaDefinition } from '../../../src/runtime/coordination/saga.ts'
import { openWorld, type CoordinationHarness, type Process, type World } from './world.ts'

const LEASE_MS = 30_000

/** One call of a step or of its compensation, as the other side sees it. */
interface Effect {
  readonly call: string
  readonly key: string
  readonly fence: number
  readonly attempt: number
  readonly given: Json
}

/** The other side: notes each effect, and fails as often as told. */
interface Outside {
  readonly effects: Effect[]
  /** Calls that fail, by name, with how often: Infinity for always. */
  readonly failures: Map<string, number>
}

export const sagaLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'run() makes the steps in order, hands results on, and answers with all of them, in one commit a step and one more',
    async run(harness) {
      const world = await openWorld(harness)
      const process = world.process()
      const outside = openOutside()
      const outcome = await open(process, checkout(outside)).run({ order: 7 }, { id: 'o7' })
      expectEqual(outcome, {
        id: 'o7',
        status: 'completed',
        results: { reserve: 'reserve of 7', charge: 'charge of 7', ship: 'ship of 7', tell: null },
      })
      expectEqual(calls(outside), ['reserve', 'charge', 'ship', 'tell'])
      expectEqual(outside.effects.at(2)?.given, { reserve: 'reserve of 7', charge: 'charge of 7' })
      expectEqual([process.store.commits, process.store.reads], [5, 0])
    },
  },
  {
    name: 'run() with an id that is known answers how that saga ended, and refuses other input',
    async run(harness) {
      const world = await openWorld(harness)
      const outside = openOutside()
      const first = await open(world.process(), checkout(outside)).run({ order: 7 }, { id: 'o7' })
      const again = open(world.process(), checkout(outside))
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
      const world = await openWorld(harness)
      const outside = openOutside({ charge: 2 })
      const since = world.clock.now()
      const running = open(world.process(), checkout(outside)).run({ order: 7 })
      expectEqual((await world.settle(running, 250)).status, 'completed')
      const tries = outside.effects.filter(({ call }) => call === 'charge')
      expectEqual(
        tries.map(({ attempt }) => attempt),
        [1, 2, 3],
      )
      expectEqual(new Set(tries.map(({ key }) => key)).size, 1)
      expectGrowingFences(outside)
      expectTrue(world.clock.now() - since >= 3000, 'the backoff of 1 s and 2 s to pass')
    },
  },
  {
    name: 'run() undoes what was done in reverse when a step fails for good, the failed one first',
    async run(harness) {
      const world = await openWorld(harness)
      const outside = openOutside({ charge: Infinity })
      const running = open(world.process(), checkout(outside)).run({ order: 7 }, { id: 'o7' })
      const outcome = await world.settle(running)
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
      const world = await openWorld(harness)
      const outside = openOutside()
      const process = world.process()
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
      const world = await openWorld(harness)
      const outside = openOutside({ ship: Infinity })
      const orchestrator = open(world.process(), checkout(outside))
      const outcome = await world.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 30_000)
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
    name: 'run() is stuck when a compensation fails for good; skip() goes on with the others',
    async run(harness) {
      const world = await openWorld(harness)
      const outside = openOutside({ charge: Infinity, 'undo charge': Infinity })
      const orchestrator = open(world.process(), checkout(outside))
      const outcome = await world.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 30_000)
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
          const world = await openWorld(harness)
          const process = world.process()
          const outside = openOutside(failures)
          process.store.failCommit(nth, when, false)
          const running = open(process, checkout(outside)).run({ order: 7 }, { id: 'o7' })
          const { status } = await world.settle(running, 50)
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
      const world = await openWorld(harness)
      const outside = openOutside()
      const drivers = Array.from({ length: 4 }, () => open(world.process(), checkout(outside)))
      const outcomes = await world.settle(
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
      const world = await openWorld(harness)
      const [slow, next] = [world.process(), world.process()]
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
      await world.advance(1000)
      slow.store.setDead(true)
      await world.advance(LEASE_MS, 1000)
      const driver = open(
        next,
        definition(async () => 'next'),
      )
      expectEqual((await driver.resume('s')).status, 'completed')
      slow.store.setDead(false)
      step.resolve('slow')
      expectTrue(hasCode(await world.settle(outcome), 'saga_lost'), 'saga_lost')
      expectEqual(calls(outside), ['first', 'first', 'second'])
      expectGrowingFences(outside)
      expectEqual((await driver.inspect('s'))?.steps[0]?.result, 'next')
    },
  },
  {
    name: 'a driver keeps its saga while a step runs longer than the lease',
    async run(harness) {
      const world = await openWorld(harness)
      const step = Promise.withResolvers<string>()
      const definition = saga('slow', 1)
        .step('first', { execute: () => step.promise, timeout: '1h' })
        .build()
      const running = open(world.process(), definition).run(null, { id: 's' })
      await world.advance(5 * LEASE_MS, LEASE_MS / 6)
      await expectRejection(
        () => open(world.process(), definition).resume('s'),
        (error) => hasCode(error, 'saga_in_progress'),
        'the saga to be driven',
      )
      step.resolve('done')
      expectEqual((await world.settle(running)).status, 'completed')
    },
  },
  {
    name: 'an attempt that takes too long has failed, and its signal aborts',
    async run(harness) {
      const world = await openWorld(harness)
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
      const running = open(world.process(), definition).run(null, { id: 's' })
      const outcome = await world.settle(running, 1000)
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
      const world = await openWorld(harness)
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
      const orchestrator = open(world.process(), definition)
      const running = orchestrator.run(null, { id: 's', signal: stop.signal })
      const outcome = running.catch((error: unknown) => String(error))
      await world.advance(1000)
      stop.abort(new Error('deploying'))
      expectEqual(await world.settle(outcome), 'Error: deploying')
      expectEqual((await open(world.process(), definition).resume('s')).status, 'completed')
      expectEqual(attempts, [1, 1])
    },
  },
  {
    name: 'a saga goes on with the version that began it; changed steps make it stuck, a newer version is left alone',
    async run(harness) {
      const world = await openWorld(harness)
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
      const begun = open(world.process(), version(2, 'b')).run(null, {
        id: 's',
        signal: stop.signal,
      })
      const called = begun.catch(() => 'called off')
      await world.advance(1000)
      stop.abort()
      expectEqual(await world.settle(called), 'called off')
      await expectRejection(
        () => open(world.process(), version(1, 'x')).resume('s'),
        (error) => hasCode(error, 'saga_version'),
        'an older worker to leave it alone',
      )
      const changed = await open(world.process(), version(2, 'c')).resume('s')
      expectEqual(changed.status === 'stuck' && [changed.stuck.step, changed.stuck.error.code], [
        null,
        'definition_changed',
      ])
      expectEqual((await open(world.process(), version(3, 'd')).resume('s')).status, 'stuck')
      const both = new SagaOrchestrator({
        ...world.process(),
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
      const world = await openWorld(harness)
      for (const result of ['x'.repeat(1_000_000), 1n, () => 1]) {
        const outside = openOutside()
        const orchestrator = new SagaOrchestrator({ ...world.process(), name: 'large' }).addStep({
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
      const world = await openWorld(harness)
      const orchestrator = open(world.process(), checkout(openOutside()))
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
  {
    name: 'start() leaves the saga to the worker, once for each id',
    async run(harness) {
      const world = await openWorld(harness)
      const outside = openOutside({ charge: 1 })
      const orchestrator = open(world.process(), checkout(outside), world)
      for (let time = 0; time < 2; time++)
        expectEqual(await orchestrator.start({ order: 7 }, { id: 'o7' }), 'o7')
      expectEqual([outside.effects.length, await orchestrator.inspect('o7')], [0, null])
      await work(world, orchestrator)
      expectEqual((await orchestrator.inspect('o7'))?.status, 'completed')
      expectEqual(calls(outside), ['reserve', 'charge', 'charge', 'ship', 'tell'])
      await expectRejection(
        () => open(world.process(), checkout(outside)).start({ order: 7 }),
        (error) => hasCode(error, 'saga_no_ledger'),
        'saga_no_ledger',
      )
    },
  },
  {
    name: 'a saga that run() began is finished by the worker when its process dies at any point',
    async run(harness) {
      for (let nth = 1; nth <= 5; nth++) {
        const world = await openWorld(harness)
        const [dying, next] = [world.process(), world.process()]
        const outside = openOutside()
        dying.store.failCommit(nth, 'after', true)
        void open(dying, checkout(outside), world)
          .run({ order: 7 }, { id: 'o7' })
          .catch(() => {})
        await world.advance(2000, 100)
        const worker = open(next, checkout(outside), world)
        await work(world, worker)
        expectEqual((await worker.inspect('o7'))?.status, 'completed', `dying at commit ${nth}`)
        expectEqual(new Set(outside.effects.map(({ key }) => key)).size, 4)
        expectTrue(outside.effects.length <= 5, 'one step at most to be repeated')
        expectGrowingFences(outside)
      }
    },
  },
  {
    name: 'retry() and skip() wake the worker, also when their process dies in between',
    async run(harness) {
      for (const dies of [false, true]) {
        const world = await openWorld(harness)
        const [process, operator] = [world.process(), world.process()]
        const outside = openOutside({ ship: Infinity })
        const orchestrator = open(process, checkout(outside), world)
        await orchestrator.start({ order: 7 }, { id: 'o7' })
        await work(world, orchestrator)
        expectEqual((await orchestrator.inspect('o7'))?.status, 'stuck')
        outside.failures.clear()
        if (dies) operator.store.failCommit(1, 'after', true)
        const retrying = open(operator, checkout(outside), world).retry('o7')
        await world.settle(
          retrying.catch(() => {}),
          50,
        )
        await work(world, orchestrator)
        expectEqual((await orchestrator.inspect('o7'))?.status, 'completed')
      }
    },
  },
]

/** The saga of most laws: two steps that can be undone, the second the pivot, and two that only go forward. */
function checkout(outside: Outside) {
  const backoff = { delay: 1000, maxDelay: 2000, jitter: 0 }
  return saga<{ readonly order: number }>('checkout', 1)
    .step('reserve', {
      retry: { backoff },
      compensateRetry: { backoff },
      execute: (context) => act(outside, 'reserve', context),
      compensate: (context) => undo(outside, 'reserve', context),
    })
    .pivot('charge', {
      retry: { backoff },
      compensateRetry: { backoff },
      execute: (context) => act(outside, 'charge', context),
      compensate: (context) => undo(outside, 'charge', context),
    })
    .step('ship', { retry: { backoff }, execute: (context) => act(outside, 'ship', context) })
    .step('tell', { execute: (context) => note(outside, 'tell', context) })
    .build()
}

/** Runs one scenario with the driver dying at each commit, before and after it; the next driver must come to the same end. */
async function crashEverywhere(
  harness: CoordinationHarness,
  failures: Readonly<Record<string, number>>,
): Promise<void> {
  const wanted = await runUndisturbed(harness, failures)
  for (let nth = 1; nth <= wanted.commits; nth++) {
    for (const when of ['before', 'after'] as const) {
      const world = await openWorld(harness)
      const where = `with ${JSON.stringify(failures)}, dying ${when} commit ${nth}`
      const [dying, next] = [world.process(), world.process()]
      const outside = openOutside(failures)
      dying.store.failCommit(nth, when, true)
      void open(dying, checkout(outside))
        .run({ order: 7 }, { id: 'o7' })
        .catch(() => {})
      // Long enough for every backoff before the crash, too short for the lease to end.
      for (let waited = 0; waited < 60 && dying.store.commits < nth; waited++)
        await world.advance(1000)
      await world.advance(1000)
      const before = outside.effects.length
      await world.advance(LEASE_MS, 1000)
      expectEqual(outside.effects.length, before, `nothing done by the dead, ${where}`)
      const driver = open(next, checkout(outside))
      const { status } = await world.settle(driver.run({ order: 7 }, { id: 'o7' }), 5000)
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
  const world = await openWorld(harness)
  const process = world.process()
  const outside = openOutside(failures)
  const orchestrator = open(process, checkout(outside))
  const { status } = await world.settle(orchestrator.run({ order: 7 }, { id: 'o7' }), 5000)
  const { commits } = process.store
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

function expectGrowingFences({ effects }: Outside): void {
  const fences = effects.map(({ fence }) => fence)
  for (const [index, fence] of fences.entries())
    expectTrue(
      index === 0 || fence > (fences[index - 1] ?? 0),
      `fences ${fences.join(', ')} to grow`,
    )
}

function open<Input extends Json, Results>(
  process: Process,
  definition: SagaDefinition<Input, Results>,
  world?: World,
): SagaOrchestrator<Input, Results> {
  const options: SagaOrchestratorOptions<Input, Results> = {
    ...process,
    saga: definition,
    lease: LEASE_MS,
    ...(world !== undefined && { ledger: world.backend.ledger }),
  }
  return new SagaOrchestrator(options)
}

/** Works the orchestrator's queue until no job is left, as a worker does. */
async function work(
  world: World,
  { processor }: { readonly processor: SagaOrchestrator['processor'] },
): Promise<void> {
  const queue: QueueLedger = world.backend.ledger.queue(processor.queue)
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
    if (claimed.length === 0) await world.advance(Math.max(wakeInMs ?? 0, 1))
    for (const job of claimed) await world.settle(runOne(job), 1000)
  }
  throw new Error('The queue did not become empty')
}

function openOutside(failures: Readonly<Record<string, number>> = {}): Outside {
  return { effects: [], failures: new Map(Object.entries(failures)) }
}

interface StepContext {
  readonly idempotencyKey: string
  readonly fence: number
  readonly attempt: number
}

function note(outside: Outside, call: string, context?: StepContext, given: Json = null): void {
  const { idempotencyKey: key = '', fence = 0, attempt = 0 } = context ?? {}
  outside.effects.push({ call, key, fence, attempt, given })
  const left = outside.failures.get(call) ?? 0
  if (left <= 0) return
  outside.failures.set(call, left - 1)
  throw new Error(`${call} failed`)
}

async function act(
  outside: Outside,
  call: string,
  context: StepContext & { readonly input: { readonly order: number }; readonly results: unknown },
): Promise<string> {
  note(outside, call, context, (context.results ?? null) as Json)
  return `${call} of ${context.input.order}`
}

function undo(
  outside: Outside,
  call = '',
  context?: StepContext & { readonly result: string | undefined },
): void {
  note(outside, `undo ${call}`.trim(), context, context?.result ?? 'nothing known')
}

function calls({ effects }: Outside): string[] {
  return effects.map(({ call }) => call)
}

function hasCode(error: unknown, code: SagaError['code']): boolean {
  return error instanceof SagaError && error.code === code
}
