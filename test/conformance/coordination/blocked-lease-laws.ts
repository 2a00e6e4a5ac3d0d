import { SagaError } from '../../../src/runtime/coordination/sagas/saga-error.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import type { Clock } from '../../../src/runtime/ports/platform/clock.ts'
import type { AtomicStore } from '../../../src/runtime/ports/atomic-store/atomic-store.ts'
import { DistributedLock } from '../../../src/runtime/coordination/locks/distributed-lock.ts'
import { LockError } from '../../../src/runtime/coordination/locks/lock-error.ts'
import { Semaphore } from '../../../src/runtime/coordination/locks/semaphore.ts'
import type { LeaseContext } from '../../../src/runtime/coordination/locks/work-under-lease.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { openFixture, type CoordinationHarness, type Process, type Fixture } from './fixture.ts'

const TTL_MS = 30_000

/** What locks and semaphores promise while the event loop is blocked, or the wall clock is set. */
export const blockedLeaseLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'withLock() and withSlot() say lock_lost when the event loop was blocked for longer than the lease',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        for (const anotherHolder of [false, true]) {
          const fixture = await openFixture(harness)
          const mine = fixture.process()
          await expectRejection(
            () =>
              hold(mine, async () => {
                fixture.clock.block(3 * TTL_MS)
                if (anotherHolder) expectTrue(await isFree(fixture), `${name}: the key to be free`)
                return 'done'
              }),
            isLost,
            `${name}: lock_lost, another holder: ${anotherHolder}`,
          )
          expectEqual(await isFree(fixture), !anotherHolder, `${name}: the key afterwards`)
        }
      }
    },
  },
  {
    name: 'withLock() and withSlot() say lock_lost after a blocked event loop on a clock that cannot tell elapsed time',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        const fixture = await openFixture(harness)
        const { now, setTimer } = fixture.clock
        const mine = { ...fixture.process(), clock: { now, setTimer } }
        await expectRejection(
          () =>
            hold(mine, async () => {
              fixture.clock.block(3 * TTL_MS)
              await isFree(fixture)
            }),
          isLost,
          `${name}: lock_lost`,
        )
      }
    },
  },
  {
    name: 'a saga begins no step whose lease ended while the journal was written',
    async run(harness) {
      const fixture = await openFixture(harness)
      const { backend, clock, random } = fixture.process()
      let blocks = false
      const store: AtomicStore = {
        partition(name) {
          const partition = backend.store.partition(name)
          return {
            get: (key) => partition.get(key),
            getMany: (keys) => partition.getMany(keys),
            list: (options) => partition.list(options),
            async commit(change) {
              const result = await partition.commit(change)
              // The process stands still before it hears the answer.
              if (blocks) fixture.clock.block(3 * TTL_MS)
              blocks = false
              return result
            },
          }
        },
      }
      const begun: string[] = []
      const orders = () =>
        new SagaOrchestrator({ backend: { store }, clock, random, name: 'order', lease: TTL_MS })
          .addStep({
            name: 'first',
            execute() {
              begun.push('first')
              blocks = true
            },
          })
          .addStep({ name: 'second', execute: () => void begun.push('second') })
      await expectRejection(
        () => orders().run(null, { id: 's' }),
        (error) => error instanceof SagaError && error.code === 'saga_lost',
        'saga_lost',
      )
      expectEqual(begun, ['first'])
      await harness.advance(3 * TTL_MS)
      expectEqual((await orders().run(null, { id: 's' })).status, 'completed')
      expectEqual(begun, ['first', 'second'])
    },
  },
  {
    name: 'withLock() and withSlot() tell the work that its lease ended as soon as the event loop is free',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        const fixture = await openFixture(harness)
        let seen: unknown
        const running = hold(fixture.process(), async ({ signal }) => {
          fixture.clock.block(3 * TTL_MS)
          await new Promise<void>((resolve) => fixture.clock.setTimer(resolve, 1))
          seen = signal.reason
        })
        const outcome = running.catch((error: unknown) => error)
        await fixture.advance(1)
        expectTrue(isLost(await fixture.settle(outcome)), `${name}: lock_lost`)
        expectTrue(isLost(seen), `${name}: the signal's reason to be lock_lost`)
      }
    },
  },
  {
    name: 'withLock() and withSlot() are not moved by a wall clock that is set forward or back',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        for (const stepMs of [-60_000, 60_000]) {
          const fixture = await openFixture(harness)
          const work = Promise.withResolvers<string>()
          const wall = steppedWall(harness)
          const running = hold({ ...fixture.process(), clock: wall.clock }, () => work.promise)
          await fixture.advance(TTL_MS, TTL_MS / 6)
          wall.step(stepMs)
          await fixture.advance(5 * TTL_MS, TTL_MS / 6)
          expectEqual(await isFree(fixture), false, `${name}: the key`)
          work.resolve('done')
          expectEqual(await fixture.settle(running), 'done', name)
        }
      }
    },
  },
  {
    name: 'a saga that is driven is not moved by a wall clock that is set forward or back',
    async run(harness) {
      for (const stepMs of [-60_000, 60_000]) {
        const fixture = await openFixture(harness)
        const work = Promise.withResolvers<void>()
        let begun = 0
        const wall = steppedWall(harness)
        const driver = () => {
          const process = { ...fixture.process(), clock: wall.clock }
          return new SagaOrchestrator({ ...process, name: 'order', lease: TTL_MS }).addStep({
            name: 'first',
            timeout: '1h',
            execute: () => {
              begun++
              return work.promise
            },
          })
        }
        const running = driver().run(null, { id: `s${stepMs}` })
        await fixture.advance(TTL_MS, TTL_MS / 6)
        wall.step(stepMs)
        await fixture.advance(5 * TTL_MS, TTL_MS / 6)
        await expectRejection(
          () => driver().resume(`s${stepMs}`),
          (error) => error instanceof SagaError && error.code === 'saga_in_progress',
          'the saga to be driven',
        )
        work.resolve()
        expectEqual((await fixture.settle(running)).status, 'completed')
        expectEqual(begun, 1)
      }
    },
  },
]

/** The wall clock of a process and, where it is in the same one, of the store. */
function steppedWall({ clock, storeNow }: CoordinationHarness): {
  readonly clock: Clock
  step(ms: number): void
} {
  if (storeNow === undefined) return { clock, step: clock.step }
  let wallMs = 0
  const now = (): number => clock.now() + wallMs
  const { setTimer, elapsed } = clock
  return { clock: { now, setTimer, elapsed }, step: (ms) => void (wallMs += ms) }
}

type Hold = (
  process: Process,
  work: (context: LeaseContext) => Promise<unknown>,
) => Promise<unknown>

const HOLDS: readonly (readonly [string, Hold])[] = [
  [
    'withLock',
    ({ backend, clock, random }, work) =>
      new DistributedLock({ backend, clock, random }).withLock('k', { ttl: TTL_MS }, work),
  ],
  [
    'withSlot',
    ({ backend, clock, random }, work) =>
      new Semaphore({ backend, clock, random, limit: 1, partition: 'locks' }).withSlot(
        'k',
        { ttl: TTL_MS },
        work,
      ),
  ],
]

/** Takes the key of both, as another process does. */
async function isFree(fixture: Fixture): Promise<boolean> {
  const others = fixture.process()
  const lock = await new DistributedLock(others).acquire('k', { ttl: '1h' })
  const semaphore = new Semaphore({ ...others, limit: 1, partition: 'locks' })
  const slot = await semaphore.acquire('k', { ttl: '1h' })
  return lock !== null && slot !== null
}

function isLost(error: unknown): boolean {
  return error instanceof LockError && error.code === 'lock_lost'
}
