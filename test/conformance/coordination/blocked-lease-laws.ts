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
import { openWorld, type CoordinationHarness, type Process, type World } from './fixture.ts'

const TTL_MS = 30_000

/** What locks and semaphores promise while the event loop is blocked, or the wall clock is set. */
export const blockedLeaseLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'withLock() and withSlot() say lock_lost when the event loop was blocked for longer than the lease',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        for (const anotherHolder of [false, true]) {
          const world = await openWorld(harness)
          const mine = world.process()
          await expectRejection(
            () =>
              hold(mine, async () => {
                world.clock.block(3 * TTL_MS)
                if (anotherHolder) expectTrue(await isFree(world), `${name}: the key to be free`)
                return 'done'
              }),
            isLost,
            `${name}: lock_lost, another holder: ${anotherHolder}`,
          )
          expectEqual(await isFree(world), !anotherHolder, `${name}: the key afterwards`)
        }
      }
    },
  },
  {
    name: 'withLock() and withSlot() say lock_lost after a blocked event loop on a clock that cannot tell elapsed time',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        const world = await openWorld(harness)
        const { now, setTimer } = world.clock
        const mine = { ...world.process(), clock: { now, setTimer } }
        await expectRejection(
          () =>
            hold(mine, async () => {
              world.clock.block(3 * TTL_MS)
              await isFree(world)
            }),
          isLost,
          `${name}: lock_lost`,
        )
      }
    },
  },
  {
    name: 'withLock() and withSlot() tell the work that its lease ended as soon as the event loop is free',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        const world = await openWorld(harness)
        let seen: unknown
        const running = hold(world.process(), async ({ signal }) => {
          world.clock.block(3 * TTL_MS)
          await new Promise<void>((resolve) => world.clock.setTimer(resolve, 1))
          seen = signal.reason
        })
        const outcome = running.catch((error: unknown) => error)
        await world.advance(1)
        expectTrue(isLost(await world.settle(outcome)), `${name}: lock_lost`)
        expectTrue(isLost(seen), `${name}: the signal's reason to be lock_lost`)
      }
    },
  },
  {
    name: 'withLock() and withSlot() are not moved by a wall clock that is set forward or back',
    async run(harness) {
      for (const [name, hold] of HOLDS) {
        for (const stepMs of [-60_000, 60_000]) {
          const world = await openWorld(harness)
          let wallMs = 0
          const { setTimer } = world.clock
          const elapsed = (): number => world.clock.elapsed()
          const clock = { now: () => world.clock.now() + wallMs, setTimer, elapsed }
          const work = Promise.withResolvers<string>()
          const running = hold({ ...world.process(), clock }, () => work.promise)
          await world.advance(TTL_MS, TTL_MS / 6)
          wallMs = stepMs
          await world.advance(5 * TTL_MS, TTL_MS / 6)
          expectEqual(await isFree(world), false, `${name}: the key`)
          work.resolve('done')
          expectEqual(await world.settle(running), 'done', name)
        }
      }
    },
  },
]

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
async function isFree(world: World): Promise<boolean> {
  const others = world.process()
  const lock = await new DistributedLock(others).acquire('k', { ttl: '1h' })
  const semaphore = new Semaphore({ ...others, limit: 1, partition: 'locks' })
  const slot = await semaphore.acquire('k', { ttl: '1h' })
  return lock !== null && slot !== null
}

function isLost(error: unknown): boolean {
  return error instanceof LockError && error.code === 'lock_lost'
}
