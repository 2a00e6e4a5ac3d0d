import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { memory } from '../../backends/memory/index.ts'
import { createIdempotency } from '../idempotency/idempotency.ts'
import { DistributedLock } from './distributed-lock.ts'
import { Semaphore } from './semaphore.ts'

test('withLock() holds over jumps of the wall clock, and ends its timers with the work', async () => {
  const clock = createFakeClock()
  let offset = 0
  let timers = 0
  const wall = {
    now: () => clock.now() + offset,
    setTimer(wake: () => void, ms: number): () => void {
      timers++
      let open = true
      const close = (): void => {
        if (open) timers--
        open = false
      }
      const cancel = clock.setTimer(() => {
        close()
        wake()
      }, ms)
      return () => {
        close()
        cancel()
      }
    },
  }
  const { store } = memory({ clock })
  const lock = new DistributedLock({
    backend: { store },
    clock: wall,
    random: createSeededRandom(),
  })
  const other = new DistributedLock({ backend: { store }, clock })
  const work = Promise.withResolvers<string>()
  const running = lock.withLock('k', { ttl: '30s' }, () => work.promise)
  for (const jumpMs of [3_600_000, -7_200_000, 3_600_000]) {
    offset += jumpMs
    await clock.advance(60_000)
    expect(await other.acquire('k')).toBeNull()
  }
  work.resolve('done')
  expect(await running).toBe('done')
  expect(timers).toBe(0)
})

test('acquire() of one key is not that of another, nor of another partition', async () => {
  const { store } = memory()
  const lock = new DistributedLock({ backend: { store } })
  expect(await lock.acquire('a')).not.toBeNull()
  expect(await lock.acquire('b')).not.toBeNull()
  expect(
    await new DistributedLock({ backend: { store }, partition: 'tenant-2' }).acquire('a'),
  ).not.toBeNull()
  expect(await lock.acquire('a')).toBeNull()
})

test('acquire() gives each holder an owner of its own that cannot be guessed', async () => {
  const { store } = memory()
  const lock = new DistributedLock({ backend: { store } })
  const owners = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => (await lock.acquire(`${index}`))?.owner),
  )
  expect(new Set(owners).size).toBe(50)
  for (const owner of owners) expect(owner).toMatch(/^[0-9a-f]{32}$/)
})

test('locks, semaphores and idempotent calls refuse what is out of range before they write', async () => {
  const { store } = memory()
  const lock = new DistributedLock({ backend: { store } })
  for (const options of [
    { ttl: 9 },
    { ttl: '2d' },
    { wait: '2d' },
    { wait: -1 },
    { ttl: NaN },
  ] as const)
    await expect(lock.acquire('k', options)).rejects.toThrow(RangeError)
  await expect(lock.acquire('')).rejects.toThrow(RangeError)
  await expect(lock.acquire('x'.repeat(513))).rejects.toThrow(RangeError)
  await expect(lock.withLock('k', {}, undefined as never)).rejects.toThrow(TypeError)
  for (const limit of [0, 1.5, 1001, NaN])
    expect(() => new Semaphore({ backend: { store }, limit })).toThrow(RangeError)
  for (const options of [{ lease: 9 }, { lease: 1e9 }, { keep: 0 }, { keep: 1e15 }])
    expect(() => createIdempotency({ backend: { store }, ...options })).toThrow(RangeError)
})
