import { expectEqual, expectTrue, type Law } from '../../conformance.ts'
import {
  addOne,
  claim,
  claimNames,
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
import type { NewJob, QueueStore } from '../job-store.ts'
import type { JobOutcome } from '../job-outcome.ts'

/** How the jobs of a group take turns. */
export const groupLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'at most group.limit jobs of a key are ready or active, the others are held',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['a1', 'a2', 'a3', 'a4'].map((name) => grouped(name, 2)))
      await queue.add([grouped('b1', 1), job('plain')])
      expectEqual(await names(queue), ['a1', 'a2', 'b1', 'plain'])
      expectEqual(await heldNames(queue), ['a3', 'a4'])
      const { ready, held } = await queue.counts()
      expectEqual([ready, held], [4, 2])
      const [a1, a2] = await claim(queue, 10)
      expectEqual(await claim(queue, 10), [])
      await settle(queue, a1, { to: 'completed' })
      expectEqual(await names(queue), ['a3'])
      await settle(queue, a2, { to: 'completed' })
      expectEqual(await claimNames(queue, 10), ['a3', 'a4'])
      expectEqual((await queue.counts()).held, 0)
    },
  },
  {
    name: 'a held job follows in the same step in which its group has room',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([grouped('a1', 1), grouped('a2', 1)])
      const { id = '', token = 0 } = (await claim(queue, 1))[0] ?? {}
      const result = await queue.exchange({
        settle: [{ id, token, outcome: { to: 'completed' } }],
        claim: { limit: 5, leaseMs: LEASE_MS },
      })
      expectEqual(
        result.claimed.map(({ name }) => name),
        ['a2'],
      )
      const [a2] = result.claimed
      expectEqual((await queue.get(a2?.id ?? ''))?.token, a2?.token)
      expectEqual((await settle(queue, a2, { to: 'completed' })).settled, ['settled'])
    },
  },
  {
    name: 'keys take turns, however many jobs one of them has',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(Array.from({ length: 4 }, (_, index) => grouped(`a${index}`, 1)))
      await queue.add(Array.from({ length: 3 }, (_, index) => grouped(`b${index}`, 1)))
      await queue.add([job('plain')])
      const order: string[] = []
      for (let turn = 0; turn < 8; turn++) {
        const held = (await claim(queue, 1))[0]
        order.push(held?.name ?? '')
        await settle(queue, held, { to: 'completed' })
      }
      expectEqual(order, ['a0', 'b0', 'plain', 'a1', 'b1', 'a2', 'b2', 'a3'])
    },
  },
  {
    name: 'held jobs follow by priority and then order, also those that go ahead',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        grouped('a1', 1),
        grouped('a-low', 1, { priority: 7 }),
        grouped('a2', 1),
        grouped('a-first', 1, { lifo: true }),
      ])
      expectEqual(await heldNames(queue, 1), ['a-first', 'a2', 'a-low'])
      const order: string[] = []
      for (let turn = 0; turn < 4; turn++) {
        const held = (await claim(queue, 9))[0]
        order.push(held?.name ?? '')
        await settle(queue, held, { to: 'completed' })
      }
      expectEqual(order, ['a1', 'a-first', 'a2', 'a-low'])
    },
  },
  {
    name: 'whatever takes a job from ready or active lets a held one follow',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const outcomes: readonly JobOutcome[] = [
        { to: 'completed' },
        { to: 'dead', error: 'x' },
        { to: 'cancelled' },
        { to: 'parked', error: 'x' },
        { to: 'scheduled', delayMs: 10 * HOUR_MS },
      ]
      await queue.add(
        Array.from({ length: 9 }, (_, index) =>
          grouped(`a${index}`, 1, { ...kept, maxAttempts: 2 }),
        ),
      )
      for (const [index, outcome] of outcomes.entries()) {
        const held = (await claim(queue, 9))[0]
        expectEqual(held?.name, `a${index}`)
        await settle(queue, held, outcome)
      }
      for (const type of ['cancel', 'remove'] as const) {
        const [next] = await list(queue, 'ready', 10)
        await queue.command({ type, ids: [next?.id ?? ''] })
      }
      expectEqual(await names(queue), ['a7'])
      // A lease that is lost leads back to ready: the job keeps its room, until its attempts are
      // used up.
      await claim(queue, 9)
      await advance(LEASE_MS)
      expectEqual(await claimNames(queue, 9), ['a7'])
      await advance(LEASE_MS)
      expectEqual(await claimNames(queue, 9), ['a8'])
    },
  },
  {
    name: 'a job that is to run again at once keeps its room in the group',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([grouped('a1', 1, { maxAttempts: 3 }), grouped('a2', 1)])
      await settle(queue, (await claim(queue, 1))[0], { to: 'scheduled', delayMs: 0 })
      expectEqual([await names(queue), await heldNames(queue)], [['a1'], ['a2']])
    },
  },
  {
    name: 'jobs that fall due, are promoted or retried wait for room as well',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const dead = await addOne(queue, grouped('a-dead', 1))
      await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
      const [, promoted] = (
        await queue.add([
          grouped('a1', 1),
          grouped('a-promoted', 1, { delayMs: HOUR_MS }),
          grouped('a-due', 1, { delayMs: 1000 }),
        ])
      ).jobs
      const a1 = (await claim(queue, 1))[0]
      await queue.command({ type: 'retry', ids: [dead] })
      await queue.command({ type: 'promote', ids: [promoted?.id ?? ''] })
      await advance(1000)
      expectEqual(await claim(queue, 9), [])
      expectEqual(await heldNames(queue), ['a-dead', 'a-promoted', 'a-due'])
      await settle(queue, a1, { to: 'completed' })
      expectEqual(await claimNames(queue, 9), ['a-dead'])
      const record = await queue.get(dead)
      expectEqual([record?.state, record?.attempt], ['active', 1])
    },
  },
  {
    name: 'a held job is admitted by its own limit, and several at once where there is room',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        grouped('a1', 2),
        grouped('a2', 2),
        grouped('a3', 1),
        grouped('a4', 3),
        grouped('a5', 3),
        grouped('a6', 3),
      ])
      expectEqual(
        [await names(queue), await heldNames(queue)],
        [
          ['a1', 'a2', 'a4'],
          ['a3', 'a5', 'a6'],
        ],
      )
      const [a1, a2, a4] = await claim(queue, 9)
      await settle(queue, a1, { to: 'completed' })
      await settle(queue, a2, { to: 'completed' })
      expectEqual(await names(queue), [])
      await settle(queue, a4, { to: 'completed' })
      expectEqual([await names(queue), await heldNames(queue)], [['a3', 'a5', 'a6'], []])
    },
  },
  {
    name: 'held jobs are found, cancelled, removed and purged as others',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add(
        ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => grouped(name, 1, kept)),
      )
      const [, a2 = '', a3 = '', a4 = ''] = added.jobs.map(({ id }) => id)
      const record = await queue.get(a2)
      expectEqual([record?.state, record?.at, record?.name], ['held', null, 'a2'])
      expectEqual(await queue.command({ type: 'promote', ids: [a2] }), 0)
      expectEqual(await queue.command({ type: 'cancel', ids: [a2] }), 1)
      expectEqual(await queue.command({ type: 'remove', ids: [a3] }), 1)
      expectEqual(await queue.command({ type: 'purge', state: 'held', limit: 1 }), 1)
      expectEqual([await stateOf(queue, a2), await stateOf(queue, a4)], ['cancelled', null])
      expectEqual([await names(queue), await heldNames(queue)], [['a1'], ['a5']])
      await queue.command({ type: 'retry', ids: [a2] })
      expectEqual(await heldNames(queue), ['a2', 'a5'])
    },
  },
  {
    name: 'purging ready jobs lets held ones follow, which stay',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['a1', 'a2', 'a3'].map((name) => grouped(name, 1)))
      expectEqual(await queue.command({ type: 'purge', state: 'ready', limit: 1000 }), 1)
      expectEqual([await names(queue), await heldNames(queue)], [['a2'], ['a3']])
    },
  },
  {
    name: 'a held job can be replaced, and one that is replaced by a delayed job makes room',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        { ...grouped('a1', 1), id: 'x' },
        { ...grouped('a2', 1), id: 'y' },
      ])
      const [replaced] = (await queue.add([{ ...job('a2-new'), id: 'y', replace: true }])).jobs
      expectEqual(replaced, { id: 'y', added: false, replaced: true })
      expectEqual([await names(queue), await heldNames(queue)], [['a1'], ['a2-new']])
      await queue.add([{ ...job('a1-later'), id: 'x', replace: true, delayMs: HOUR_MS }])
      expectEqual([await names(queue), await stateOf(queue, 'x')], [['a2-new'], 'scheduled'])
      await queue.command({ type: 'promote', ids: ['x'] })
      expectEqual(await heldNames(queue), ['a1-later'])
    },
  },
  {
    name: 'the job kept by keepLast waits for room in its group',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const twin = (name: string): NewJob =>
        grouped(name, 1, { deduplication: { id: 'd', keepLast: true } })
      await queue.add([twin('a1'), grouped('a2', 1)])
      const a1 = (await claim(queue, 1))[0]
      await queue.add([twin('a3')])
      await settle(queue, a1, { to: 'completed' })
      expectEqual([await names(queue), await heldNames(queue)], [['a2'], ['a3']])
      expectTrue((await queue.add([twin('a4')])).jobs[0]?.added === false, 'it to hold the id')
    },
  },
  {
    name: 'one key in two queues is two groups',
    async run({ open }) {
      const jobStore = await open()
      for (const name of ['p', 'q'])
        await jobStore.queue(name).add([grouped('a1', 1), grouped('a2', 1)])
      await settle(jobStore.queue('p'), (await claim(jobStore.queue('p'), 1))[0], {
        to: 'completed',
      })
      expectEqual(
        [await names(jobStore.queue('p')), await names(jobStore.queue('q'))],
        [['a2'], ['a1']],
      )
    },
  },
]

/** A job whose group is the first letter of its name. */
function grouped(name: string, limit: number, extra: Partial<NewJob> = {}): NewJob {
  return job(name, { group: { key: `key ${name.slice(0, 1)} ü`, limit }, ...extra })
}

async function heldNames(queue: QueueStore, limit = 100): Promise<string[]> {
  return (await list(queue, 'held', limit)).map(({ name }) => name)
}
