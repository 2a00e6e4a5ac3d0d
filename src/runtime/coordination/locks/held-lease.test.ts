import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { watchStore, type WatchedStore } from '../../../../test/support/watched-store.ts'
import { memory } from '../../backends/memory/index.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { holdLease, type HeldLease } from './held-lease.ts'

const TTL_MS = 30_000

test('holdLease() renews each third of its time, with one commit', async () => {
  const { clock, store, lease } = await hold()
  expect(store.commits).toBe(1)
  await clock.advance(TTL_MS / 3 - 1)
  expect(store.commits).toBe(1)
  await clock.advance(1)
  expect(store.commits).toBe(2)
  await clock.advance(10 * TTL_MS)
  expect([store.commits, lease.signal.aborted]).toEqual([32, false])
})

test('holdLease() is not moved by a wall clock that jumps either way', async () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const { clock, lease, jump } = await hold()
    jump(jumpMs)
    await clock.advance(5 * TTL_MS)
    expect(lease.signal.aborted).toBe(false)
    await lease.end()
  }
})

test('holdLease() aborts when its time is over unconfirmed, at the latest as long after as the request was sent', async () => {
  const { clock, store, lease } = await hold()
  await clock.advance(TTL_MS / 3)
  store.setDead(true)
  await clock.advance(TTL_MS - 1)
  expect(lease.signal.aborted).toBe(false)
  await clock.advance(1)
  expect(lease.signal.aborted).toBe(true)
  expect(String(lease.signal.reason)).toBe('Error: lost')
})

test('holdLease() that took as long as its time is lost when it begins', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const slow = Promise.withResolvers<void>()
  const partition = store.partition('p')
  const holding = holdLease({
    ...optionsOf(clock),
    partition: {
      ...partition,
      commit: async (change) => {
        await slow.promise
        return partition.commit(change)
      },
    },
  })
  await clock.advance(TTL_MS)
  slow.resolve()
  const held = await holding
  expect(held.ok && held.lease.signal.aborted).toBe(true)
})

test('stop() waits for a renewal on its way, but not for a store that hangs', async () => {
  const { clock, lease, hang } = await hold()
  hang()
  await clock.advance(TTL_MS / 3)
  let stopped = false
  const stopping = lease.stop().then(() => (stopped = true))
  await clock.advance(TTL_MS / 3)
  expect(stopped).toBe(false)
  await clock.advance(TTL_MS / 3)
  await stopping
  expect(lease.signal.aborted).toBe(true)
})

test('stop() during a renewal is the end of renewals', async () => {
  const clock = createFakeClock()
  const partition = memory({ clock }).store.partition('p')
  const slow = Promise.withResolvers<void>()
  let commits = 0
  const held = await holdLease({
    ...optionsOf(clock),
    partition: {
      ...partition,
      async commit(change) {
        if (++commits === 2) await slow.promise
        return partition.commit(change)
      },
    },
  })
  if (!held.ok) throw new Error('The lease was held')
  await clock.advance(TTL_MS / 3)
  const stopping = held.lease.stop()
  slow.resolve()
  await stopping
  await clock.advance(TTL_MS / 2)
  expect([commits, held.lease.signal.aborted]).toEqual([2, false])
})

test('end() leaves nothing behind: no key, no renewal', async () => {
  const { clock, store, lease } = await hold()
  await lease.end()
  const { commits } = store
  await clock.advance(10 * TTL_MS)
  expect(store.commits).toBe(commits)
  expect(await store.partition('p').get('k')).toBeNull()
  expect(lease.signal.aborted).toBe(false)
})

test('end() that cannot reach the store leaves the key to its time', async () => {
  const { clock, store, lease } = await hold()
  store.setDead(true)
  const ending = lease.end()
  await clock.advance(5000)
  await ending
  store.setDead(false)
  expect(await store.partition('p').get('k')).not.toBeNull()
  await clock.advance(TTL_MS)
  expect(await store.partition('p').get('k')).toBeNull()
})

interface Holding {
  readonly clock: FakeClock
  readonly store: WatchedStore
  readonly lease: HeldLease
  /** Moves the clock that the lease reads, not the one that runs. */
  readonly jump: (ms: number) => void
  /** Lets commits from now on never be answered. */
  readonly hang: () => void
}

async function hold(): Promise<Holding> {
  const clock = createFakeClock()
  let offset = 0
  let hangs = false
  const wall: Clock = { now: () => clock.now() + offset, setTimer: clock.setTimer }
  const store = watchStore(memory({ clock }).store)
  const partition = store.partition('p')
  const held = await holdLease({
    ...optionsOf(wall),
    partition: {
      ...partition,
      commit: (change) => (hangs ? new Promise(() => {}) : partition.commit(change)),
    },
  })
  if (!held.ok) throw new Error('The lease was held')
  return {
    clock,
    store,
    lease: held.lease,
    jump: (ms) => void (offset += ms),
    hang: () => void (hangs = true),
  }
}

function optionsOf(clock: Clock) {
  const lost = (): Error => new Error('lost')
  return { clock, random: createSeededRandom(), key: 'k', owner: 'o', ttlMs: TTL_MS, lost }
}
