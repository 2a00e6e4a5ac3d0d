import { expectEqual, type Law } from '../../conformance.ts'
import {
  addOne,
  claim,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  list,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'
import type { NewJob, QueueStore } from '../job-store.ts'
import type { JobOutcome } from '../job-outcome.ts'

const done: JobOutcome = { to: 'completed' }
const broken: JobOutcome = { to: 'dead', error: 'x' }

/** How many finished jobs stay. */
export const keepingLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'keepCompletedCount leaves the jobs whose keeping ends last, whatever they were added with',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const name of ['a', 'b', 'c']) await finishOne(queue, job(name, kept), done, advance)
      expectEqual(await namesIn(queue, 'completed'), ['c', 'b', 'a'])
      await finishOne(queue, bounded('d', 2), done, advance)
      expectEqual(await namesIn(queue, 'completed'), ['d', 'c'])
      await finishOne(queue, job('e', kept), done, advance)
      expectEqual((await queue.counts()).completed, 3)
      await finishOne(queue, bounded('short', 2, { keepCompletedMs: 1000 }), done, advance)
      expectEqual(await namesIn(queue, 'completed'), ['e', 'd'])
    },
  },
  {
    name: 'keepDeadCount counts dead and cancelled jobs each by themselves',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const name of ['a', 'b', 'c']) {
        await finishOne(queue, bounded(`${name}+`, 2), done, advance)
        await finishOne(queue, bounded(`${name}-`, 2), broken, advance)
        const id = await addOne(queue, bounded(`${name}x`, 1))
        await queue.command({ type: 'cancel', ids: [id] })
        await advance(1000)
      }
      expectEqual(await namesIn(queue, 'completed'), ['c+', 'b+'])
      expectEqual(await namesIn(queue, 'dead'), ['c-', 'b-'])
      expectEqual(await namesIn(queue, 'cancelled'), ['cx'])
    },
  },
  {
    name: 'the smallest bound counts of the jobs that finish in one exchange',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const name of ['a', 'b']) await finishOne(queue, job(name, kept), done, advance)
      await queue.add([bounded('c', 5), bounded('d', 3), bounded('e', 4), bounded('gone', 1, gone)])
      const settled = await queue.exchange({
        settle: (await claim(queue, 4)).map(({ id, token }) => ({ id, token, outcome: done })),
      })
      expectEqual(settled.settled.length, 4)
      expectEqual((await namesIn(queue, 'completed')).toSorted(), ['c', 'd', 'e'])
    },
  },
  {
    name: 'a bound counts for jobs whose lease is lost, too, and for a parent that a child makes dead',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const name of ['a', 'b']) await finishOne(queue, job(name, kept), broken, advance)
      await queue.add([bounded('lost', 1)])
      await claim(queue, 1)
      await advance(LEASE_MS)
      await queue.exchange({})
      expectEqual(await namesIn(queue, 'dead'), ['lost'])
      await queue.add([bounded('parent', 1, { id: 'p' }), job('child', { ...gone, parent: 'p' })])
      await settle(queue, (await claim(queue, 1))[0], broken)
      expectEqual(await namesIn(queue, 'dead'), ['parent'])
    },
  },
  {
    name: 'a job that goes by count is as if gone: its id is free, its children are forgotten, its error and result too',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const child = job('child', { ...gone, parent: 'p', priority: 0 })
      await queue.add([bounded('first', 1, { id: 'p' }), child])
      await settle(queue, (await claim(queue, 1))[0], done)
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 'first' })
      expectEqual((await queue.children('p')).length, 1)
      await advance(1000)
      const twin = bounded('twin', 1, { deduplication: { id: 'd' } })
      await finishOne(queue, twin, done, advance)
      expectEqual([await queue.get('p'), await queue.children('p')], [null, []])
      expectEqual(await queue.command({ type: 'retry', ids: ['p'] }), 0)
      await finishOne(queue, bounded('next', 1), done, advance)
      expectEqual((await queue.add([twin])).jobs[0]?.added, true)
      expectEqual((await queue.add([job('again', { id: 'p' })])).jobs, [{ id: 'p', added: true }])
      expectEqual(await queue.children('p'), [])
      expectEqual((await queue.get('p'))?.result, null)
    },
  },
  {
    name: 'a flow knows the results of children that went by count',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        job('parent', { id: 'p' }),
        ...['a', 'b', 'c'].map((name) => bounded(name, 1, { parent: 'p' })),
      ])
      for (const held of await claim(queue, 3))
        await settle(queue, held, { to: 'completed', result: held.name })
      expectEqual((await queue.counts()).completed, 1)
      expectEqual(
        (await queue.children('p')).map(({ result }) => result),
        ['a', 'b', 'c'],
      )
    },
  },
  {
    name: 'a job that takes the place of another brings its own bounds, and retry() keeps them',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const name of ['a', 'b', 'c']) await finishOne(queue, job(name, kept), broken, advance)
      await queue.add([bounded('old', 1, { id: 'x', delayMs: HOUR_MS / 2 })])
      await queue.add([bounded('new', 3, { id: 'x', replace: true })])
      await settle(queue, (await claim(queue, 1))[0], broken)
      expectEqual(await namesIn(queue, 'dead'), ['new', 'c', 'b'])
      await advance(1000)
      await queue.command({ type: 'retry', ids: ['x'] })
      for (const name of ['d', 'e']) await finishOne(queue, job(name, kept), broken, advance)
      expectEqual(await stateOf(queue, 'x'), 'ready')
      await finishOne(queue, null, broken, advance)
      expectEqual(await namesIn(queue, 'dead'), ['new', 'e', 'd'])
    },
  },
  {
    name: 'a bound smaller than what is there is reached over a few calls',
    async run({ open }) {
      const queue = (await open()).queue('q')
      for (const count of [900, 300]) {
        await queue.add(Array.from({ length: count }, () => job('n', kept)))
        const held = await claim(queue, count)
        await queue.exchange({
          settle: held.map(({ id, token }) => ({ id, token, outcome: done })),
        })
      }
      for (let calls = 0; calls < 2; calls++) {
        await queue.add([bounded('n', 3)])
        await settle(queue, (await claim(queue, 1))[0], done)
      }
      expectEqual((await queue.counts()).completed, 3)
    },
  },
]

const gone: Partial<NewJob> = { keepCompletedMs: 0, keepDeadMs: 0 }

function bounded(name: string, count: number, extra: Partial<NewJob> = {}): NewJob {
  return job(name, { ...kept, keepCompletedCount: count, keepDeadCount: count, ...extra })
}

/** Adds the job, if any is given, and ends the first that is ready; a second later the next may. */
async function finishOne(
  queue: QueueStore,
  given: NewJob | null,
  outcome: JobOutcome,
  advance: JobStoreHarness['advance'],
): Promise<void> {
  if (given !== null) await queue.add([{ lifo: true, ...given }])
  await settle(queue, (await claim(queue, 1))[0], outcome)
  await advance(1000)
}

async function namesIn(queue: QueueStore, state: 'completed' | 'dead' | 'cancelled') {
  return (await list(queue, state, 100)).map(({ name }) => name)
}
