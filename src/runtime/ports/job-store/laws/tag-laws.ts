import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { NewJob, QueueStore } from '../job-store.ts'
import {
  addOne,
  child,
  claim,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  parent,
  settle,
  type JobStoreHarness,
} from './law-steps.ts'

/** How jobs are found by their tags. */
export const tagLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a job keeps its tags as they were given in every state, and is found by each of them',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const tags = ['customer:7', 'ü€😀', 'a b, c%2C "d"', 'x'.repeat(64)]
      const id = await addOne(queue, job('n', { tags, maxAttempts: 3, ...kept }))
      const expectFound = async (): Promise<void> => {
        const record = await queue.get(id)
        expectEqual(record?.tags, tags)
        for (const tag of tags) expectEqual((await queue.list({ tag })).jobs, [record])
        expectEqual((await queue.list({ state: record?.state ?? 'dead' })).jobs, [record])
        for (const tag of ['customer:', 'customer:77', 'x'.repeat(63)])
          expectEqual(await ids(queue, tag), [])
      }
      await expectFound()
      const [first] = await claim(queue, 1)
      await expectFound()
      await advance(2 * LEASE_MS)
      const [second] = await claim(queue, 1)
      expectEqual(second?.id, first?.id)
      await settle(queue, second, { to: 'scheduled', delayMs: HOUR_MS, error: 'e' })
      await expectFound()
      await queue.command({ type: 'change', ids: [id], priority: 9, data: 'other' })
      await expectFound()
      await queue.command({ type: 'promote', ids: [id] })
      const [third] = await claim(queue, 1)
      await settle(queue, third, { to: 'dead', error: 'e' })
      await expectFound()
      await queue.command({ type: 'retry', ids: [id] })
      await expectFound()
      const [fourth] = await claim(queue, 1)
      await settle(queue, fourth, { to: 'parked', error: 'e' })
      await expectFound()
      await queue.command({ type: 'cancel', ids: [id] })
      await expectFound()
      expectEqual(await ids(queue, 'customer:7', 'ready'), [])
      await advance(2 * HOUR_MS)
      expectEqual(await ids(queue, 'customer:7'), [])
      await claim(queue, 1)
      // Nothing of it is left to another of its id.
      await queue.add([{ ...job('n'), id }])
      expectEqual([await ids(queue, 'customer:7'), (await queue.get(id))?.tags], [[], undefined])
    },
  },
  {
    name: 'tags go with their job: when it ends unkept, is removed, is one too many or gives way',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const tagged = (id: string, extra: Partial<NewJob> = {}): NewJob => ({
        ...job('n', { tags: ['t'], ...extra }),
        id,
      })
      await queue.add([tagged('ends'), tagged('kept', kept)])
      for (const one of await claim(queue, 2)) await settle(queue, one, { to: 'completed' })
      expectEqual(await ids(queue, 't'), ['kept'])
      await queue.command({ type: 'remove', ids: ['kept'] })
      expectEqual(await ids(queue, 't'), [])
      await queue.add(['1', '2', '3'].map((id) => tagged(id, { ...kept, keepCompletedCount: 1 })))
      for (const one of await claim(queue, 3)) await settle(queue, one, { to: 'completed' })
      expectEqual((await ids(queue, 't')).length, 1)
      await queue.command({ type: 'purge', state: 'completed', limit: 10 })
      expectEqual(await ids(queue, 't'), [])

      // What takes another's place brings its own.
      await queue.add([tagged('same')])
      const [replaced] = (await queue.add([tagged('same', { tags: ['u'], replace: true })])).jobs
      expectEqual(
        [replaced?.replaced, await ids(queue, 't'), await ids(queue, 'u')],
        [true, [], ['same']],
      )
      expectEqual((await queue.get('same'))?.tags, ['u'])
      await queue.add([{ ...job('n', { replace: true }), id: 'same' }])
      expectEqual([await ids(queue, 'u'), (await queue.get('same'))?.tags], [[], undefined])
    },
  },
  {
    name: 'children, groups and jobs that follow bring their tags along',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('p', { tags: ['flow'], ...kept }),
        { ...child('c', 'p', { tags: ['flow'] }), id: 'c' },
      ])
      await queue.add([
        { ...job('g', { group: { key: 'g', limit: 1 }, tags: ['g'] }), id: 'g1' },
        { ...job('g', { group: { key: 'g', limit: 1 }, tags: ['g'] }), id: 'g2' },
      ])
      const sorted = async (tag: string): Promise<readonly string[]> =>
        [...(await ids(queue, tag))].toSorted()
      expectEqual(
        [await sorted('flow'), await sorted('g')],
        [
          ['c', 'p'],
          ['g1', 'g2'],
        ],
      )
      expectEqual(await ids(queue, 'g', 'held'), ['g2'])
      for (const one of await claim(queue, 2)) await settle(queue, one, { to: 'completed' })
      expectEqual([await sorted('flow'), await sorted('g')], [['p'], ['g2']])
      const claimed = await claim(queue, 9)
      const waiting = claimed.find(({ id }) => id === 'p')
      await settle(queue, waiting, {
        to: 'blocked',
        children: [{ ...job('later', { tags: ['flow', 'later'] }), id: 'later' }],
      })
      expectEqual([await sorted('flow'), await sorted('later')], [['later', 'p'], ['later']])

      const held = { deduplication: { id: 'd', keepLast: true }, priority: 0 }
      await queue.add([job('first', { ...held, tags: ['d'] })])
      const running = (await claim(queue, 9)).find(({ name }) => name === 'first')
      await queue.add([job('last', { ...held, tags: ['e', 'ü'] })])
      expectEqual(await ids(queue, 'e'), [])
      await settle(queue, running, { to: 'completed' })
      const [follower = ''] = await ids(queue, 'e')
      expectEqual((await queue.get(follower))?.tags, ['e', 'ü'])
      expectEqual(await ids(queue, 'd'), [])
    },
  },
  {
    name: 'a search by tag meets each job once, latest first, while they change their states',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (let index = 0; index < 12; index++) {
        await queue.add([{ ...job('n', { tags: ['t'], ...kept }), id: `j${index}` }])
        await advance(1000)
      }
      const seen: string[] = []
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await queue.list({ tag: 't', limit: 2, ...(cursor && { cursor }) })
        seen.push(...page.jobs.map(({ id }) => id))
        cursor = page.cursor
        // The one that the cursor stands on goes as well.
        await queue.command({ type: 'remove', ids: seen.slice(-1) })
        const [running] = await claim(queue, 1)
        await settle(queue, running, { to: 'scheduled', delayMs: 0, error: 'again' })
        await queue.command({ type: 'cancel', ids: [`j${seen.length}`] })
      }
      expectEqual(
        seen,
        Array.from({ length: 12 }, (_, index) => `j${11 - index}`),
      )
    },
  },
  {
    name: 'tags that are too many, too long, twice, or no text that every store keeps are refused',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const refused: readonly unknown[] = [
        ...[['a', 'a'], Array.from({ length: 9 }, (_, index) => `${index}`), ['x'.repeat(65)]],
        ...[['ü'.repeat(33)], [''], ['a\u0000'], ['a\nb'], ['\u007f'], ['\ud800']],
        ...[[7], [null], 'tag', { 0: 'a' }, [undefined]],
      ]
      for (const tags of refused)
        await expectRejection(
          () => queue.add([{ ...job('n'), tags: tags as NewJob['tags'] & object }]),
          (error) => error instanceof RangeError || error instanceof TypeError,
          'such tags to be refused',
        )
      expectTrue((await queue.counts()).ready === 0, 'nothing to be added')
      const id = await addOne(queue, job('n', { tags: [] }))
      expectEqual((await queue.get(id))?.tags, undefined)
    },
  },
]

async function ids(
  queue: QueueStore,
  tag: string,
  state?: 'ready' | 'held',
): Promise<readonly string[]> {
  return (await queue.find({ tag, ...(state !== undefined && { state }) })).ids
}
