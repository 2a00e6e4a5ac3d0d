import {
  DistributedLock,
  type LockLease,
} from '../../../src/runtime/coordination/locks/distributed-lock.ts'
import { LockError } from '../../../src/runtime/coordination/locks/lock-error.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import { createSeededRandom } from '../../../src/testing/seeded-random.ts'
import { forSeeds, openFixture, type CoordinationHarness } from './fixture.ts'

const TTL_MS = 30_000

export const lockLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'acquire() lets one holder in, and the next after release()',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [a, b] = [
        new DistributedLock(fixture.process()),
        new DistributedLock(fixture.process()),
      ]
      const lease = await held(a.acquire('k'))
      expectEqual(await b.acquire('k'), null)
      expectEqual(await a.acquire('k'), null, 'a second hold of the same process')
      expectTrue((await b.acquire('other')) !== null, 'another key to be free')
      expectEqual(await a.release(lease), true)
      expectEqual(await a.release(lease), false, 'a second release')
      expectTrue((await b.acquire('k')) !== null, 'the released key to be free')
    },
  },
  {
    name: 'acquire(), renew() and release() are one commit each, waiting or not',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const lock = new DistributedLock(process)
      const lease = await held(lock.acquire('k'))
      await lock.acquire('k')
      const renewed = await held(lock.renew(lease))
      await lock.release(renewed)
      expectEqual([process.backend.store.commits, process.backend.store.reads], [4, 0])
    },
  },
  {
    name: 'acquire() gives tokens that grow for ever; renew() keeps them',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      let last = 0
      for (let round = 0; round < 6; round++) {
        let lease = await held(lock.acquire('k', { ttl: TTL_MS }))
        expectTrue(lease.token > last, `token ${lease.token} to be above ${last}`)
        last = lease.token
        for (let renewal = 0; renewal < 2; renewal++) {
          const { version } = lease
          lease = await held(lock.renew(lease))
          expectEqual(lease.token, last, 'the token after a renewal')
          expectTrue(lease.version > version, 'the version to grow')
        }
        if (round % 2 === 0) await lock.release(lease)
        else await fixture.advance(TTL_MS)
      }
    },
  },
  {
    name: 'renew() and release() know a lease that ended, and never touch the next holder',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const first = await held(lock.acquire('k', { ttl: TTL_MS }))
      await fixture.advance(TTL_MS - 1000)
      expectEqual(await lock.acquire('k'), null)
      await fixture.advance(1000)
      const second = await held(lock.acquire('k', { ttl: TTL_MS }))
      expectEqual([await lock.renew(first), await lock.release(first)], [null, false])
      expectEqual(await lock.acquire('k'), null)
      expectTrue((await lock.renew(second)) !== null, 'the second holder to hold')
    },
  },
  {
    name: 'release() takes any handle of the hold, renewed or not',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const lease = await held(lock.acquire('k'))
      await held(lock.renew(lease))
      await held(lock.renew(lease))
      expectEqual(await lock.release(lease), true)
    },
  },
  {
    name: 'acquire() waits for the holder to leave, at most as long as it was told',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [a, b] = [
        new DistributedLock(fixture.process()),
        new DistributedLock(fixture.process()),
      ]
      const lease = await held(a.acquire('k', { ttl: '1h' }))
      const since = fixture.clock.now()
      expectEqual(await fixture.settle(b.acquire('k', { wait: '5s' }), 50), null)
      const waitedMs = fixture.clock.now() - since
      expectTrue(waitedMs >= 5000 && waitedMs < 6000, `the wait of ${waitedMs} ms to be 5 s`)
      const waiting = b.acquire('k', { wait: '1h' })
      await fixture.advance(3000, 100)
      await a.release(lease)
      const gained = await held(fixture.settle(waiting, 100))
      expectTrue(gained.token > lease.token, 'the token to grow')
    },
  },
  {
    name: 'acquire() stops waiting when its signal aborts',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      await held(lock.acquire('k', { ttl: '1h' }))
      const stop = new AbortController()
      const waiting = lock.acquire('k', { wait: '1h', signal: stop.signal })
      const outcome = waiting.catch((error: unknown) => error)
      await fixture.advance(500, 100)
      stop.abort(new Error('enough'))
      expectEqual(String(await outcome), 'Error: enough')
    },
  },
  {
    name: 'acquire() of many at once lets exactly one in',
    async run(harness) {
      const fixture = await openFixture(harness)
      const locks = Array.from({ length: 12 }, () => new DistributedLock(fixture.process()))
      const leases = await Promise.all(locks.map((lock) => lock.acquire('k')))
      expectEqual(leases.filter((lease) => lease !== null).length, 1)
    },
  },
  {
    name: 'acquire() and renew() know their own hold when an answer was lost',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const lock = new DistributedLock(process)
      for (const when of ['before', 'after'] as const) {
        process.backend.store.failCommit(1, when, false)
        const lease = await held(fixture.settle(lock.acquire(when), 50))
        process.backend.store.failCommit(1, when, false)
        const renewed = await held(fixture.settle(lock.renew(lease), 50))
        expectEqual(renewed.token, lease.token)
        process.backend.store.failCommit(1, when, false)
        expectEqual(await fixture.settle(lock.release(renewed), 50), true)
        expectTrue((await lock.acquire(when)) !== null, 'the lock to be free')
      }
    },
  },
  {
    name: 'withLock() renews as long as the work runs, and releases',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [a, b] = [
        new DistributedLock(fixture.process()),
        new DistributedLock(fixture.process()),
      ]
      const work = Promise.withResolvers<string>()
      const seen: { token?: number; signal?: AbortSignal } = {}
      const running = a.withLock('k', { ttl: TTL_MS }, ({ token, signal }) => {
        Object.assign(seen, { token, signal })
        return work.promise
      })
      await fixture.advance(5 * TTL_MS, TTL_MS / 6)
      expectEqual(await b.acquire('k'), null, 'the lock after five times its ttl')
      expectEqual(seen.signal?.aborted, false)
      work.resolve('done')
      expectEqual(await fixture.settle(running), 'done')
      const next = await held(b.acquire('k'))
      expectTrue(next.token > (seen.token ?? Infinity), 'the token to grow')
    },
  },
  {
    name: 'withLock() takes work and options in either order, and releases when the work throws',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      expectEqual(await lock.withLock('k', () => 1), 1)
      expectEqual(await lock.withLock('k', async () => 2, { ttl: '1m' }), 2)
      await expectRejection(
        () =>
          lock.withLock('k', {}, () => {
            throw new Error('the work failed')
          }),
        (error) => String(error) === 'Error: the work failed',
        'the failure of the work',
      )
      expectTrue((await lock.acquire('k')) !== null, 'the lock to be free')
    },
  },
  {
    name: 'withLock() says lock_held when somebody else has the lock',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const lease = await held(lock.acquire('k'))
      await lock.renew(lease)
      await expectRejection(
        () => lock.withLock('k', () => 'never'),
        (error) => hasCode(error, 'lock_held') && String(error).includes(String(lease.token)),
        'lock_held with the token of the holder',
      )
    },
  },
  {
    name: 'withLock() aborts and says lock_lost when the lock is taken away',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const work = Promise.withResolvers<void>()
      const seen: { signal?: AbortSignal } = {}
      const running = lock.withLock('k', { ttl: TTL_MS }, async ({ signal }) => {
        seen.signal = signal
        await work.promise
      })
      const outcome = running.catch((error: unknown) => error)
      await fixture.advance(1000)
      await fixture.wipe('locks')
      const next = await held(lock.acquire('k', { ttl: '1h' }))
      await fixture.advance(TTL_MS / 3, 1000)
      expectEqual(seen.signal?.aborted, true, 'the signal after the next renewal')
      expectTrue(hasCode(seen.signal?.reason, 'lock_lost'), 'the reason to be lock_lost')
      work.resolve()
      expectTrue(hasCode(await fixture.settle(outcome), 'lock_lost'), 'the outcome to be lock_lost')
      expectTrue((await lock.renew(next)) !== null, 'the next holder to hold')
    },
  },
  {
    name: 'withLock() hands the abort of its caller on, and releases',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const stop = new AbortController()
      const running = lock.withLock(
        'k',
        { signal: stop.signal },
        ({ signal }) =>
          new Promise<never>((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error(String(signal.reason))))
          }),
      )
      const outcome = running.catch((error: unknown) => String(error))
      await fixture.advance(1000)
      stop.abort('enough')
      expectEqual(await fixture.settle(outcome), 'Error: enough')
      expectTrue((await lock.acquire('k')) !== null, 'the lock to be free')
    },
  },
  {
    name: 'withLock() with a signal of its caller still aborts when the lock is taken away',
    async run(harness) {
      const fixture = await openFixture(harness)
      const lock = new DistributedLock(fixture.process())
      const running = lock.withLock(
        'k',
        { ttl: TTL_MS, signal: new AbortController().signal },
        ({ signal }) =>
          new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve())
          }),
      )
      const outcome = running.catch((error: unknown) => error)
      await fixture.advance(1000)
      await fixture.wipe('locks')
      expectTrue(hasCode(await fixture.settle(outcome), 'lock_lost'), 'lock_lost')
    },
  },
  {
    name: 'withLock() aborts before the lease ends in the store when it cannot be renewed',
    async run(harness) {
      const fixture = await openFixture(harness)
      const [holder, other] = [fixture.process(), fixture.process()]
      const work = Promise.withResolvers<void>()
      const seen: { signal?: AbortSignal; token?: number } = {}
      const running = new DistributedLock(holder).withLock(
        'k',
        { ttl: TTL_MS },
        async (context) => {
          Object.assign(seen, context)
          await work.promise
        },
      )
      const outcome = running.catch((error: unknown) => error)
      await fixture.advance(TTL_MS / 2, 1000)
      holder.backend.store.setDead(true)
      const lock = new DistributedLock(other)
      for (let waited = 0; waited <= 2 * TTL_MS; waited += 1000) {
        const lease = await lock.acquire('k', { ttl: '1h' })
        if (lease === null) {
          await fixture.advance(1000)
          continue
        }
        expectEqual(seen.signal?.aborted, true, 'the signal when another gets the lock')
        expectTrue(lease.token > (seen.token ?? Infinity), 'the token to grow')
        work.resolve()
        expectTrue(hasCode(await fixture.settle(outcome), 'lock_lost'), 'lock_lost')
        return
      }
      expectTrue(false, 'the lock to become free')
    },
  },
  {
    name: 'withLock() keeps the lock over failures of the store that are shorter than its ttl',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const work = Promise.withResolvers<string>()
      const running = new DistributedLock(process).withLock(
        'k',
        { ttl: TTL_MS },
        () => work.promise,
      )
      for (let outage = 0; outage < 4; outage++) {
        await fixture.advance(TTL_MS / 2, 1000)
        process.backend.store.setDead(true)
        await fixture.advance(TTL_MS / 2, 1000)
        process.backend.store.setDead(false)
        await fixture.advance(TTL_MS / 6, 1000)
      }
      work.resolve('done')
      expectEqual(await fixture.settle(running), 'done')
    },
  },
  {
    name: 'whatever holders do, one holds at a time and a fenced resource sees no token go back',
    async run(harness) {
      await forSeeds(6, (seed) => contend(harness, seed))
    },
  },
]

/** Holders that renew, forget, release late and crash, by chance; each writes to a resource that compares tokens. */
async function contend(harness: CoordinationHarness, seed: number): Promise<void> {
  const fixture = await openFixture(harness, seed)
  const random = createSeededRandom(seed)
  const pick = (below: number): number => Math.floor(random.fraction() * below)
  const locks = Array.from({ length: 3 }, () => new DistributedLock(fixture.process()))
  const leases: (LockLease | null)[] = locks.map(() => null)
  const until = locks.map(() => 0)
  let greatest = 0
  for (let step = 0; step < 120; step++) {
    const who = pick(locks.length)
    const lock = locks[who]
    const lease = leases[who] ?? null
    if (lock === undefined) continue
    const now = fixture.clock.now()
    // Never near the end of a lease: the store's own clock may have moved a little as well.
    const ttl = 1000 * (1 + pick(5)) + 250
    switch (pick(4)) {
      case 0: {
        if (lease !== null) break
        const gained = await lock.acquire('k', { ttl })
        if (gained === null) break
        expectTrue(
          until.every((end) => end <= now),
          `nobody else to hold in step ${step}`,
        )
        expectTrue(gained.token > greatest, `token ${gained.token} to be above ${greatest}`)
        greatest = gained.token
        leases[who] = gained
        until[who] = now + ttl
        break
      }
      case 1: {
        if (lease === null) break
        const renewed = await lock.renew(lease)
        expectEqual(renewed !== null, now < (until[who] ?? 0), `renewal in step ${step}`)
        until[who] = renewed === null ? 0 : now + lease.ttlMs
        // Some go on with the old handle, some believe for ever that they hold.
        if (renewed !== null && pick(2) === 0) leases[who] = renewed
        if (renewed === null && pick(2) === 0) leases[who] = null
        break
      }
      case 2: {
        if (lease === null) break
        const released = await lock.release(lease)
        expectEqual(released, now < (until[who] ?? 0), `release in step ${step}`)
        until[who] = 0
        if (pick(2) === 0) leases[who] = null
        break
      }
      default:
        await fixture.advance(500 * (1 + pick(6)))
    }
  }
  expectTrue(greatest > 0, 'somebody to have held')
}

async function held(lease: Promise<LockLease | null>): Promise<LockLease> {
  const gained = await lease
  expectTrue(gained !== null, 'the lock to be gained')
  return gained
}

function hasCode(error: unknown, code: LockError['code']): boolean {
  return error instanceof LockError && error.code === code
}
