import { expectEqual, expectRejection, type Law } from '../../conformance.ts'
import {
  addOne,
  claim,
  claimNames,
  extend,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  list,
  names,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'
import type { JobChange, JobCommand, NewJob } from '../job-store.ts'

/** What an operator can see of a queue and change in it. */
export const operatorLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'pause stops claims, resume lets them go on',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n')])
      await queue.command({ type: 'pause' })
      const paused = await queue.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })
      expectEqual(
        [paused.claimed, paused.wakeInMs, (await queue.counts()).paused],
        [[], null, true],
      )
      await queue.command({ type: 'resume' })
      expectEqual([(await claim(queue, 1)).length, (await queue.counts()).paused], [1, false])
    },
  },
  {
    name: 'promote makes a scheduled job ready now',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { delayMs: HOUR_MS })])).jobs
      expectEqual(await queue.command({ type: 'promote', ids: [added?.id ?? '', 'nobody'] }), 1)
      expectEqual((await claim(queue, 1)).length, 1)
    },
  },
  {
    name: 'change gives a waiting job other data, another delay or priority, in one step and in every state',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [first = '', second = '', later = '', parent = '', child = ''] = (
        await queue.add([
          job('first', { priority: 5, maxAttempts: 3, ...kept }),
          job('second', { priority: 5, group: { key: 'g', limit: 1 } }),
          job('later', { priority: 5, delayMs: HOUR_MS }),
          { ...job('parent', { priority: 5 }), id: 'parent' },
          job('child', { priority: 9, parent: 'parent' }),
        ])
      ).jobs.map(({ id }) => id)
      const change = (id: string, what: JobChange): Promise<number> =>
        queue.command({ type: 'change', ids: [id], ...what })

      // Before: first, second. One that is moved stands among the others by when it was added.
      expectEqual(await change(second, { priority: 2, data: { new: 1 } }), 1)
      expectEqual(await names(queue), ['second', 'first', 'child'])
      expectEqual((await queue.get(second))?.data, { new: 1 })
      expectEqual(await change(child, { priority: 5 }), 1)
      expectEqual(await names(queue), ['second', 'first', 'child'])
      expectEqual(await change(first, { priority: 9 }), 1)
      expectEqual(await names(queue), ['second', 'child', 'first'])

      // Due at another time, or now; what is put off makes room in its group.
      const [held = ''] = (
        await queue.add([job('held', { group: { key: 'g', limit: 1 } })])
      ).jobs.map(({ id }) => id)
      expectEqual(await change(held, { data: 'other', priority: 1 }), 1)
      expectEqual((await queue.get(held))?.state, 'held')
      expectEqual(await change(second, { delayMs: HOUR_MS }), 1)
      expectEqual(
        [await stateOf(queue, second), await stateOf(queue, held)],
        ['scheduled', 'ready'],
      )
      expectEqual(await change(held, { delayMs: 2 * HOUR_MS }), 1)
      expectEqual(await stateOf(queue, held), 'scheduled')
      expectEqual(await change(later, { priority: 3 }), 1)
      expectEqual(await stateOf(queue, later), 'scheduled')
      expectEqual(await change(later, { delayMs: 0, data: null }), 1)
      expectEqual([await stateOf(queue, later), (await names(queue))[0]], ['ready', 'later'])
      expectEqual((await queue.get(later))?.data, null)

      // A blocked job has no delay of its own.
      expectEqual(await change(parent, { delayMs: 1000, data: 1 }), 0)
      expectEqual(await change(parent, { priority: 1, data: { p: 1 } }), 1)
      const blocked = await queue.get(parent)
      expectEqual([blocked?.state, blocked?.priority, blocked?.data], ['blocked', 1, { p: 1 }])

      // Nothing of one that runs or has ended, and all of one that waits between attempts.
      const active = await claim(queue, 3)
      expectEqual(
        active.map(({ name }) => name),
        ['later', 'child', 'first'],
      )
      const held1 = active.find(({ id }) => id === first)
      expectEqual(await change(first, { data: 1 }), 0)
      await settle(queue, held1, { to: 'scheduled', delayMs: HOUR_MS, error: 'e' })
      expectEqual(await change(first, { data: 'mended', delayMs: 0 }), 1)
      const [again] = await claim(queue, 1)
      expectEqual([again?.data, again?.attempt, again?.lastError], ['mended', 2, 'e'])
      await settle(queue, again, { to: 'parked', error: 'nobody' })
      expectEqual([await change(first, { delayMs: 5 }), await change(first, { data: 2 })], [0, 1])
      expectEqual([await stateOf(queue, first), (await queue.get(first))?.data], ['parked', 2])
      await queue.command({ type: 'cancel', ids: [first] })
      expectEqual([await change(first, { data: 3 }), await change('nobody', { data: 3 })], [0, 0])
      expectEqual((await queue.get(first))?.data, 2)

      // What waits elsewhere is found when its time comes, and by its id.
      await advance(HOUR_MS)
      expectEqual(await claimNames(queue, 1), ['second'])
      await expectRejection(
        () => change(second, {}),
        (error) => error instanceof TypeError,
        'a change of nothing to be refused',
      )
      for (const wrong of [{ priority: -1 }, { delayMs: Number.NaN }, { priority: 1.5 }])
        await expectRejection(
          () => change(second, wrong),
          (error) => error instanceof RangeError,
          'what is out of range to be refused',
        )
    },
  },
  {
    name: 'retry gives a dead job all its attempts again',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { maxAttempts: 2 })])).jobs
      const id = added?.id ?? ''
      await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: { message: 'broken' } })
      expectEqual((await queue.get(id))?.lastError, { message: 'broken' })
      expectEqual(await queue.command({ type: 'retry', ids: [id] }), 1)
      expectEqual(await queue.command({ type: 'retry', ids: [id] }), 0)
      expectEqual((await claim(queue, 1))[0]?.attempt, 1)
    },
  },
  {
    name: 'cancel ends waiting jobs at once, and tells the worker of a running one',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add([
        job('running', { maxAttempts: 9 }),
        job('ready', { priority: 1 }),
        job('scheduled', { delayMs: HOUR_MS }),
      ])
      const ids = added.jobs.map((j) => j.id)
      const held = (await claim(queue, 1))[0]
      expectEqual(await queue.command({ type: 'cancel', ids }), 3)
      expectEqual((await queue.counts()).cancelled, 2)
      expectEqual((await extend(queue, held)).extended, ['cancelled'])
      expectEqual((await queue.get(held?.id ?? ''))?.cancelRequested, true)
      await settle(queue, held, { to: 'scheduled', delayMs: 0, error: 'aborted' })
      expectEqual((await queue.get(held?.id ?? ''))?.state, 'cancelled')
    },
  },
  {
    name: 'a cancelled job whose worker disappears is cancelled, not run again',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { maxAttempts: 9 })])).jobs
      await claim(queue, 1)
      await queue.command({ type: 'cancel', ids: [added?.id ?? ''] })
      await advance(LEASE_MS)
      expectEqual(await claim(queue, 1), [])
      expectEqual((await queue.get(added?.id ?? ''))?.state, 'cancelled')
    },
  },
  {
    name: 'cancel ends a parked job',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const id = await addOne(queue, job('n', kept))
      await settle(queue, (await claim(queue, 1))[0], { to: 'parked', error: 'no handler' })
      expectEqual(await queue.command({ type: 'cancel', ids: [id] }), 1)
      expectEqual(await stateOf(queue, id), 'cancelled')
      expectEqual(await queue.command({ type: 'cancel', ids: [id] }), 0)
    },
  },
  {
    name: 'remove takes jobs away unless they run, purge takes the oldest of a state',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add([
        job('a'),
        job('b', { priority: 1 }),
        job('c', { priority: 2 }),
        job('d', { priority: 3 }),
      ])
      const [a, b] = added.jobs.map((j) => j.id)
      await claim(queue, 1)
      expectEqual(await queue.command({ type: 'remove', ids: [a ?? '', b ?? '', 'nobody'] }), 1)
      expectEqual(await queue.get(b ?? ''), null)
      expectEqual(await queue.command({ type: 'purge', state: 'ready', limit: 1 }), 1)
      expectEqual(await names(queue), ['d'])
    },
  },
  {
    name: 'list() pages through one state, each job once',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const want = Array.from({ length: 7 }, (_, index) => `n${index}`)
      await queue.add(want.map((name) => job(name)))
      expectEqual(await names(queue, 3), want)
      await queue.add([
        job('s2', { delayMs: 2000 }),
        job('s1', { delayMs: 1000 }),
        job('s3', { delayMs: 3000 }),
      ])
      expectEqual(
        (await list(queue, 'scheduled', 2)).map((j) => j.name),
        ['s1', 's2', 's3'],
      )
      for (const held of await claim(queue, 3)) {
        await settle(queue, held, { to: 'dead', error: held.name })
        await advance(10)
      }
      expectEqual(
        (await list(queue, 'dead', 2)).map((j) => j.name),
        ['n2', 'n1', 'n0'],
      )
    },
  },
  {
    name: 'counts() counts every state',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => job(name, kept)))
      await queue.add([job('g', { delayMs: HOUR_MS })])
      const [completed, dead, cancelled, parked] = await claim(queue, 5)
      await settle(queue, completed, { to: 'completed' })
      await settle(queue, dead, { to: 'dead', error: 'x' })
      await settle(queue, cancelled, { to: 'cancelled' })
      await settle(queue, parked, { to: 'parked', error: 'x' })
      expectEqual(await queue.counts(), {
        ready: 1,
        scheduled: 1,
        active: 1,
        completed: 1,
        dead: 1,
        cancelled: 1,
        parked: 1,
        held: 0,
        blocked: 0,
        paused: false,
      })
    },
  },
  {
    name: 'a kept record whose time is over is as if gone, though no worker came by',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const once: NewJob = { ...job('n', kept), id: 'once' }
      await queue.add([once])
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      await advance(HOUR_MS)
      expectEqual(await queue.get('once'), null)
      expectEqual(await list(queue, 'completed', 10), [])
      expectEqual((await queue.counts()).completed, 0)
      expectEqual(await queue.command({ type: 'retry', ids: ['once'] }), 0)
      expectEqual(await queue.command({ type: 'purge', state: 'completed', limit: 5 }), 0)
      expectEqual((await queue.add([once])).jobs, [{ id: 'once', added: true }])
    },
  },
  {
    name: 'command() refuses what is over the limits',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const ids = Array.from({ length: 1001 }, (_, index) => `${index}`)
      const bad: readonly JobCommand[] = [
        { type: 'cancel', ids },
        ...[0, 1.5, 1001].map((limit) => ({ type: 'purge', state: 'dead', limit }) as const),
      ]
      for (const command of bad)
        await expectRejection(
          async () => queue.command(command),
          (error) => error instanceof RangeError,
          'a command over the limits to be refused',
        )
    },
  },
]
