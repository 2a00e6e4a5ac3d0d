import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { QueueStore } from '../job-store.ts'
import type { QueueEventsOptions } from '../queue-event.ts'
import {
  addOne,
  claim,
  extend,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  settle,
  type JobStoreHarness,
} from './law-steps.ts'

/** What a queue records of what happens in it. */
export const eventLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a queue that was not asked to record has no events, and neither has one never used',
    async run({ open }) {
      const queue = (await open()).queue('q')
      expectEqual((await queue.events()).recording, false)
      await queue.add([job('n')])
      await claim(queue, 1)
      const { recording, events, missed } = await queue.events()
      expectEqual([recording, events, missed], [false, [], false])
    },
  },
  {
    name: 'events tell what happened to a job, in order, with its name, its attempts and the time',
    async run({ open }) {
      const queue = await recorded(open)
      const id = await addOne(queue, { name: 'ü"\n€', data: 1, id: 'i d\n', maxAttempts: 2 })
      const [first] = await claim(queue, 1)
      await settle(queue, first, { to: 'scheduled', delayMs: 0, error: 'again' })
      const [second] = await claim(queue, 1)
      await settle(queue, second, { to: 'completed', result: 1 })
      const { events, recording, missed } = await queue.events()
      expectEqual([recording, missed], [true, false])
      expectEqual(
        events.map(({ type, attempt }) => [type, attempt]),
        [
          ['added', 0],
          ['active', 1],
          ['retrying', 1],
          ['active', 2],
          ['completed', 2],
        ],
      )
      for (const event of events) expectEqual([event.id, event.name], [id, 'ü"\n€'])
      expectTrue(
        events.every(({ at }) => at >= (first?.addedAt ?? 0)),
        'the times to be of the job store',
      )
    },
  },
  {
    name: 'every way a job can go is an event',
    async run({ open, advance }) {
      const queue = await recorded(open)
      await queue.add([job('later', { id: 'a', delayMs: HOUR_MS, ...kept })])
      await queue.add([job('sooner', { id: 'a', delayMs: HOUR_MS, maxAttempts: 3, replace: true })])
      await queue.command({ type: 'promote', ids: ['a'] })
      const [first] = await claim(queue, 1)
      const hold = { id: 'a', token: first?.token ?? 0, leaseMs: LEASE_MS }
      await queue.exchange({ extend: [{ ...hold, progress: 0.5 }] })
      await extend(queue, first)
      await settle(queue, first, { to: 'scheduled', delayMs: 0, refund: true })
      await claim(queue, 1)
      await advance(LEASE_MS + 1)
      const [third] = await claim(queue, 1)
      await settle(queue, third, { to: 'parked', error: 'nobody' })
      await queue.command({ type: 'retry', ids: ['a'] })
      const [fourth] = await claim(queue, 1)
      await settle(queue, fourth, { to: 'dead', error: 'broken' })
      await queue.add([job('b', { id: 'b' }), job('c', { id: 'c' })])
      await queue.command({ type: 'cancel', ids: ['b'] })
      await queue.command({ type: 'remove', ids: ['b', 'c'] })
      expectEqual(await told(queue), [
        ...['added later', 'replaced sooner', 'promoted sooner', 'active sooner'],
        ...['progress sooner', 'deferred sooner', 'active sooner', 'stalled sooner'],
        ...['active sooner', 'parked sooner', 'retried sooner', 'active sooner', 'dead sooner'],
        ...['added b', 'added c', 'cancelled b', 'removed c'],
      ])
    },
  },
  {
    name: 'what follows from an end is an event behind it: a lost lease, a parent, a kept job',
    async run({ open, advance }) {
      const queue = await recorded(open)
      await queue.add([
        job('parent', { id: 'p' }),
        job('child', { id: 'c', parent: 'p', deduplication: { id: 'd', keepLast: true } }),
      ])
      await claim(queue, 1)
      await queue.add([job('follower', { deduplication: { id: 'd', keepLast: true } })])
      await advance(LEASE_MS + 1)
      await queue.exchange({})
      expectEqual(await told(queue), [
        ...['added parent', 'added child', 'active child'],
        ...['dead child', 'added follower', 'dead parent'],
      ])
    },
  },
  {
    name: 'a cursor goes on where it stands, however the pages are cut',
    async run({ open }) {
      const queue = await recorded(open)
      const { cursor, latest } = await queue.events()
      expectEqual(cursor, latest)
      const names = Array.from({ length: 7 }, (_, index) => `n${index}`)
      await queue.add(names.map((name) => job(name)))
      const seen: string[] = []
      let after = cursor
      for (let page = 0; page < 4; page++) {
        const { events, cursor: next, missed } = await queue.events({ after, limit: 3 })
        expectEqual(missed, false)
        seen.push(...events.map(({ name }) => name))
        if (events.length > 0) expectEqual(events.at(-1)?.cursor, next)
        after = next
      }
      expectEqual(seen, names)
      const third = (await queue.events({ limit: 3 })).events[2]?.cursor ?? ''
      expectEqual(
        await told(queue, { after: third }),
        names.slice(3).map((name) => `added ${name}`),
      )
      expectEqual((await queue.events({ after: (await queue.events()).latest })).events, [])
    },
  },
  {
    name: 'no more than asked for are kept, and who comes too late hears that some were missed',
    async run({ open }) {
      const queue = await recorded(open, 3)
      const { latest } = await queue.events()
      await queue.add([job('a'), job('b'), job('c')])
      expectEqual((await queue.events({ after: latest })).missed, false)
      await queue.add([job('d')])
      const late = await queue.events({ after: latest })
      expectEqual([late.missed, late.events.map(({ name }) => name)], [true, ['b', 'c', 'd']])
      const start = await queue.events()
      expectEqual([start.missed, start.events], [false, late.events])
      await queue.command({ type: 'record', keep: 1 })
      expectEqual(await told(queue), ['added d'])
    },
  },
  {
    name: 'recording that is said again changes nothing, and what was not recorded is missed',
    async run({ open }) {
      const queue = await recorded(open)
      await queue.add([job('a')])
      await queue.command({ type: 'record', keep: 100 })
      expectEqual(await told(queue), ['added a'])
      const { latest } = await queue.events()
      await queue.command({ type: 'record', keep: 0 })
      await queue.add([job('b')])
      const off = await queue.events({ after: latest })
      expectEqual([off.recording, off.events], [false, []])
      await queue.command({ type: 'record', keep: 0 })
      await queue.command({ type: 'record', keep: 100 })
      await queue.add([job('c')])
      const { missed, events } = await queue.events({ after: latest })
      expectEqual([missed, events.map(({ name }) => name)], [true, ['c']])
    },
  },
  {
    name: 'a pause, a resume and a purge leave the recording as it is',
    async run({ open }) {
      const queue = await recorded(open)
      await queue.command({ type: 'pause' })
      await queue.command({ type: 'resume' })
      await queue.add([job('a')])
      await queue.command({ type: 'purge', state: 'ready', limit: 10 })
      expectEqual(await told(queue), ['added a', 'removed a'])
    },
  },
  {
    name: 'events() refuses what is no cursor or no limit, record what is out of range',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const refused = (act: () => unknown, what: string) =>
        expectRejection(act, (error) => error instanceof RangeError, `${what} to be refused`)
      for (const limit of [0, 1001, 1.5, Number.NaN])
        await refused(() => queue.events({ limit }), `limit ${limit}`)
      for (const after of ['x', '', '-1', '1e3', '9'.repeat(17)])
        await refused(() => queue.events({ after }), `cursor ${after}`)
      for (const keep of [-1, 100_001, 0.5])
        await refused(() => queue.command({ type: 'record', keep }), `keep ${keep}`)
    },
  },
]

async function recorded(open: JobStoreHarness['open'], keep = 100): Promise<QueueStore> {
  const queue = (await open()).queue('q')
  await queue.command({ type: 'record', keep })
  return queue
}

async function told(queue: QueueStore, options?: QueueEventsOptions): Promise<string[]> {
  return (await queue.events(options)).events.map(({ type, name }) => `${type} ${name}`)
}
