import { LockError } from '../../../src/runtime/coordination/locks/lock-error.ts'
import { Semaphore, type SemaphoreSlot } from '../../../src/runtime/coordination/locks/semaphore.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { forSeeds, openFixture, type CoordinationHarness, type Fixture } from './fixture.ts'

const TTL_MS = 30_000

export const semaphoreLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'acquire() lets as many in as there are slots, and the next after release()',
    async run(harness) {
      const fixture = await openFixture(harness)
      const semaphores = [open(fixture, 3), open(fixture, 3)]
      const slots: SemaphoreSlot[] = []
      for (let index = 0; index < 3; index++)
        slots.push(await held(semaphores[index % 2]?.acquire('k')))
      expectEqual(
        slots.map(({ slot }) => slot).toSorted((a, b) => a - b),
        [0, 1, 2],
      )
      for (const semaphore of semaphores) expectEqual(await semaphore.acquire('k'), null)
      const [first] = slots
      expectEqual(await semaphores[0]?.release(first as SemaphoreSlot), true)
      const next = await held(semaphores[1]?.acquire('k'))
      expectEqual(next.slot, first?.slot)
      expectTrue(next.token > Math.max(...slots.map(({ token }) => token)), 'the token to grow')
    },
  },
  {
    name: 'acquire() takes a slot whose holder disappeared, which then has lost it',
    async run(harness) {
      const fixture = await openFixture(harness)
      const semaphore = open(fixture, 2)
      const gone = await held(semaphore.acquire('k', { ttl: TTL_MS }))
      const alive = await held(semaphore.acquire('k', { ttl: TTL_MS }))
      await fixture.advance(TTL_MS / 2)
      await held(semaphore.renew(alive))
      await fixture.advance(TTL_MS / 2)
      const next = await held(semaphore.acquire('k'))
      expectEqual(next.slot, gone.slot)
      expectEqual([await semaphore.renew(gone), await semaphore.release(gone)], [null, false])
      expectTrue((await semaphore.renew(next)) !== null, 'the next holder to hold')
      expectEqual(await semaphore.acquire('k'), null)
    },
  },
  {
    name: 'acquire() never lets too many in, however many come at once',
    async run(harness) {
      await forSeeds(3, async (seed) => {
        const fixture = await openFixture(harness, seed)
        const slots = await Promise.all(
          Array.from({ length: 15 }, () => open(fixture, 5).acquire('k')),
        )
        const gained = slots.filter((slot) => slot !== null)
        expectEqual(gained.length, 5)
        expectEqual(new Set(gained.map(({ slot }) => slot)).size, 5)
      })
    },
  },
  {
    name: 'acquire() keeps keys apart, also where one begins like another',
    async run(harness) {
      const fixture = await openFixture(harness)
      const semaphore = open(fixture, 2)
      for (const key of ['a', 'a/1', '1:a', 'a/', '😀'])
        for (let index = 0; index < 2; index++) await held(semaphore.acquire(key))
      expectEqual(await semaphore.acquire('a'), null)
    },
  },
  {
    name: 'withSlot() runs as many at once as there are slots, each of them in turn, and frees them',
    async run(harness) {
      const fixture = await openFixture(harness)
      let running = 0
      let most = 0
      let done = 0
      const work = async (): Promise<void> => {
        running++
        most = Math.max(most, running)
        await new Promise<void>((resolve) => fixture.clock.setTimer(resolve, 2 * TTL_MS))
        running--
        done++
      }
      const all = Array.from({ length: 7 }, () =>
        open(fixture, 3).withSlot('k', { ttl: TTL_MS, wait: '1h' }, work),
      )
      await fixture.settle(Promise.all(all), 1000)
      expectEqual([most, done], [3, 7])
      await held(open(fixture, 1).acquire('k'))
    },
  },
  {
    name: 'withSlot() says lock_held when all slots are held, and lock_lost when its own ended',
    async run(harness) {
      const fixture = await openFixture(harness)
      const semaphore = open(fixture, 1)
      const work = Promise.withResolvers<void>()
      const running = semaphore.withSlot('k', { ttl: TTL_MS }, () => work.promise)
      const outcome = running.catch((error: unknown) => error)
      await fixture.advance(1000)
      await expectRejection(
        () => semaphore.withSlot('k', {}, () => 'never'),
        (error) => error instanceof LockError && error.code === 'lock_held',
        'lock_held',
      )
      await fixture.wipe('semaphores')
      await fixture.advance(TTL_MS / 3, 1000)
      work.resolve()
      const error = await fixture.settle(outcome)
      expectTrue(error instanceof LockError && error.code === 'lock_lost', 'lock_lost')
    },
  },
]

function open(fixture: Fixture, limit: number): Semaphore {
  return new Semaphore({ ...fixture.process(), limit })
}

async function held(slot: Promise<SemaphoreSlot | null> | undefined): Promise<SemaphoreSlot> {
  const gained = await slot
  expectTrue(gained !== null && gained !== undefined, 'a slot to be gained')
  return gained
}
