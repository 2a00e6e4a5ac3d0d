import { expectEqual, expectTrue, type Law } from '../../conformance.ts'
import {
  addOne,
  claim,
  claimNames,
  HOUR_MS,
  job,
  kept,
  list,
  names,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'
import type { NewJob } from '../job-store.ts'

/** How jobs with the same id or deduplication id are dropped, replaced and kept for later. */
export const deduplicationLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'add() drops a duplicate until the first has finished, and names the first',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { ...kept, maxAttempts: 3, deduplication: { id: 'd' } })
      const [first] = (await queue.add([twin])).jobs
      expectEqual((await queue.add([twin])).jobs, [{ id: first?.id, added: false }])
      await settle(queue, (await claim(queue, 1))[0], { to: 'scheduled', delayMs: 1000 })
      expectEqual((await queue.add([twin])).jobs, [{ id: first?.id, added: false }])
      await queue.command({ type: 'promote', ids: [first?.id ?? ''] })
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
    },
  },
  {
    name: 'add() drops a duplicate for its ttl, even after the first has finished',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { deduplication: { id: 'd', ttlMs: HOUR_MS } })
      const [first] = (await queue.add([twin])).jobs
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual((await queue.add([twin])).jobs, [{ id: first?.id, added: false }])
      await advance(HOUR_MS)
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
    },
  },
  {
    name: 'add() drops a duplicate no longer than its ttl, even while the first still waits',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { deduplication: { id: 'd', ttlMs: HOUR_MS } })
      await queue.add([twin])
      await advance(HOUR_MS)
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
      expectEqual((await queue.add([twin])).jobs[0]?.added, false)
      expectEqual((await queue.counts()).ready, 2)
    },
  },
  {
    name: 'a parked job frees its deduplication id',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { deduplication: { id: 'd' } })
      await queue.add([twin])
      await settle(queue, (await claim(queue, 1))[0], { to: 'parked', error: 'no handler' })
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
    },
  },
  {
    name: 'retry takes the deduplication id again, unless another job holds it',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { ...kept, deduplication: { id: 'd' } })
      const first = await addOne(queue, twin)
      await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
      await queue.command({ type: 'retry', ids: [first] })
      expectEqual((await queue.add([twin])).jobs, [{ id: first, added: false }])
      await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
      const second = await addOne(queue, twin)
      await queue.command({ type: 'retry', ids: [first] })
      expectEqual((await queue.add([twin])).jobs, [{ id: second, added: false }])
      await queue.command({ type: 'cancel', ids: [second] })
      const third = await addOne(queue, twin)
      expectTrue(third !== first && third !== second, 'the retried job not to hold the id')
      await queue.command({ type: 'cancel', ids: [first, third] })
      await queue.command({ type: 'retry', ids: [first] })
      expectEqual((await queue.add([twin])).jobs, [{ id: first, added: false }])
    },
  },
  {
    name: 'a record that goes late leaves the deduplication id to the job that holds it by then',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { ...kept, deduplication: { id: 'd' } })
      const first = await addOne(queue, twin)
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      const second = await addOne(queue, twin)
      await queue.command({ type: 'remove', ids: [first] })
      expectEqual((await queue.add([twin])).jobs, [{ id: second, added: false }])
    },
  },
  {
    name: 'a deduplication id whose ttl is over can be held without one',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n', { deduplication: { id: 'd', ttlMs: 1000 } })])
      await advance(1000)
      const twin = job('n', { deduplication: { id: 'd' } })
      const second = await addOne(queue, twin)
      await advance(HOUR_MS)
      await queue.exchange({})
      expectEqual((await queue.add([twin])).jobs, [{ id: second, added: false }])
    },
  },
  {
    name: 'a job that reuses an id does not hold what the job before it held',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { deduplication: { id: 'd' } })
      await queue.add([{ ...twin, id: 'same' }])
      await queue.command({ type: 'remove', ids: ['same'] })
      await queue.add([{ ...job('n'), id: 'same' }])
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
    },
  },
  {
    name: 'add() with extend starts the ttl anew with each duplicate it drops',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const twin = job('n', { deduplication: { id: 'd', ttlMs: HOUR_MS, extend: true } })
      const first = await addOne(queue, twin)
      for (let round = 0; round < 3; round++) {
        await advance(HOUR_MS - 60_000)
        expectEqual((await queue.add([twin])).jobs, [{ id: first, added: false }])
      }
      await advance(HOUR_MS)
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
      const plain = job('n', { deduplication: { id: 'e', ttlMs: HOUR_MS } })
      await queue.add([plain])
      await advance(HOUR_MS - 60_000)
      expectEqual((await queue.add([plain])).jobs[0]?.added, false)
      await advance(60_000)
      expectEqual((await queue.add([plain])).jobs[0]?.added, true)
    },
  },
  {
    name: 'add() with replace gives a waiting holder everything of the new job, by either id',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [first] = (
        await queue.add([
          { ...job('old', { delayMs: 1000, priority: 9 }), id: 'x' },
          job('mid', { priority: 5, deduplication: { id: 'd' } }),
          job('last', { priority: 5 }),
        ])
      ).jobs
      const again: NewJob = {
        id: 'x',
        name: 'new',
        data: { for: 'you' },
        options: { backoff: [2] },
        priority: 5,
        maxAttempts: 7,
        replace: true,
      }
      expectEqual((await queue.add([again])).jobs, [{ id: 'x', added: false, replaced: true }])
      const record = await queue.get(first?.id ?? '')
      expectEqual(
        [record?.state, record?.name, record?.data, record?.options, record?.priority],
        ['ready', 'new', { for: 'you' }, { backoff: [2] }, 5],
      )
      expectEqual([record?.maxAttempts, record?.attempt, record?.lastError], [7, 0, null])
      expectEqual(await names(queue), ['mid', 'last', 'new'])
      const sooner = job('sooner', {
        deduplication: { id: 'd' },
        priority: 5,
        replace: true,
        lifo: true,
      })
      const [replaced] = (await queue.add([sooner])).jobs
      expectEqual([replaced?.added, replaced?.replaced], [false, true])
      expectEqual(await names(queue), ['sooner', 'last', 'new'])
      await queue.add([{ ...again, delayMs: HOUR_MS }])
      expectEqual(await claimNames(queue, 10), ['sooner', 'last'])
      await advance(HOUR_MS)
      expectEqual(await claimNames(queue, 1), ['new'])
    },
  },
  {
    name: 'add() with replace begins the delay anew, and forgets the attempts of the job before',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const next = job('n', {
        delayMs: HOUR_MS,
        deduplication: { id: 'd' },
        replace: true,
        maxAttempts: 2,
      })
      const id = await addOne(queue, next)
      await advance(HOUR_MS - 60_000)
      expectEqual((await queue.add([next])).jobs, [{ id, added: false, replaced: true }])
      await advance(HOUR_MS - 60_000)
      expectEqual(await claim(queue, 1), [])
      await advance(60_000)
      await settle(queue, (await claim(queue, 1))[0], {
        to: 'scheduled',
        delayMs: 1000,
        error: 'x',
      })
      await queue.add([{ ...next, delayMs: 0 }])
      const held = (await claim(queue, 1))[0]
      expectEqual([held?.id, held?.attempt, held?.lastError], [id, 1, null])
    },
  },
  {
    name: 'add() with replace leaves a holder alone that is active or finished',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const next: NewJob = { ...job('new', kept), id: 'x', replace: true }
      await queue.add([{ ...job('old', kept), id: 'x' }])
      const held = (await claim(queue, 1))[0]
      expectEqual((await queue.add([next])).jobs, [{ id: 'x', added: false }])
      await settle(queue, held, { to: 'completed' })
      expectEqual((await queue.add([next])).jobs, [{ id: 'x', added: false }])
      expectEqual((await queue.get('x'))?.name, 'old')
    },
  },
  {
    name: 'add() with keepLast adds the latest duplicate once the active holder has finished',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = (name: string): NewJob =>
        job(name, { deduplication: { id: 'd', keepLast: true }, maxAttempts: 3 })
      const first = await addOne(queue, twin('first'))
      expectEqual((await queue.add([twin('while it waits')])).jobs, [{ id: first, added: false }])
      const held = (await claim(queue, 1))[0]
      expectEqual((await queue.add([twin('second'), { ...twin('third'), id: 'mine' }])).jobs, [
        { id: first, added: false },
        { id: first, added: false },
      ])
      await settle(queue, held, { to: 'scheduled', delayMs: 0 })
      expectEqual(await names(queue), ['first'])
      const ended = await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual(ended.wakeInMs, 0)
      const [third] = await list(queue, 'ready', 10)
      expectEqual([third?.name, third?.data, third?.attempt], ['third', { for: 'third' }, 0])
      expectTrue(third?.id !== first && third?.id !== 'mine', 'the job store to make its id')
      expectEqual((await queue.add([twin('fourth')])).jobs, [{ id: third?.id ?? '', added: false }])
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual((await queue.counts()).ready, 0)
      expectEqual((await queue.add([twin('fifth')])).jobs[0]?.added, true)
    },
  },
  {
    name: 'the job kept by keepLast follows however its holder ends, and waits its delay from then on',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const twin = (name: string): NewJob =>
        job(name, { deduplication: { id: 'd', keepLast: true }, delayMs: 1000 })
      for (const outcome of [
        { to: 'dead', error: 'x' },
        { to: 'parked', error: 'x' },
        { to: 'cancelled' },
      ] as const) {
        await queue.add([twin('first')])
        await advance(1000)
        const held = (await claim(queue, 1))[0]
        await queue.add([twin('second')])
        await advance(5000)
        await settle(queue, held, outcome)
        const [second] = await list(queue, 'scheduled', 10)
        expectEqual(second?.name, 'second')
        await queue.command({ type: 'remove', ids: [second?.id ?? ''] })
      }
      const lost = await addOne(queue, twin('first'))
      await advance(1000)
      await claim(queue, 1)
      await queue.add([twin('second')])
      await advance(HOUR_MS)
      await queue.exchange({})
      expectEqual(await stateOf(queue, lost), 'dead')
      expectEqual(
        (await list(queue, 'scheduled', 10)).map(({ name }) => name),
        ['second'],
      )
    },
  },
]
