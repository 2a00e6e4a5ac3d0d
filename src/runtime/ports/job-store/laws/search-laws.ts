import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { ListJobsOptions, QueueStore } from '../job-store.ts'
import { JOB_LIMITS } from '../job-limits.ts'
import { claim, HOUR_MS, job, kept, settle, type JobStoreHarness } from './law-steps.ts'

/** How jobs are found. */
export const searchLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'list and find find jobs by name, id and state, and go on behind their cursor',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(
        Array.from({ length: 30 }, (_, index) => ({
          ...job(index % 3 === 0 ? 'third' : 'other', kept),
          id: `${index % 2 === 0 ? 'even' : 'odd'}-${index}`,
        })),
      )
      const [first] = await claim(queue, 1)
      await settle(queue, first, { to: 'completed' })
      await queue.command({ type: 'cancel', ids: ['even-6', 'odd-9'] })
      await claim(queue, 2)

      const thirds = [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
      const idOf = (index: number): string => `${index % 2 === 0 ? 'even' : 'odd'}-${index}`
      expectSame(await all(queue, { name: 'third' }), thirds.map(idOf))
      expectSame(
        await all(queue, { name: 'third', idPrefix: 'even-' }),
        thirds.filter((index) => index % 2 === 0).map(idOf),
      )
      expectEqual(await all(queue, { state: 'ready', name: 'third' }), [
        ...['odd-3', 'even-12', 'odd-15', 'even-18', 'odd-21', 'even-24', 'odd-27'],
      ])
      expectSame(await all(queue, { state: 'cancelled', name: 'third' }), ['even-6', 'odd-9'])
      expectEqual(await all(queue, { state: 'completed', idPrefix: 'even-0' }), ['even-0'])
      expectEqual((await all(queue, {})).length, 30)
      expectSame(await all(queue, { states: ['completed', 'cancelled'] }), [
        ...['even-0', 'even-6', 'odd-9'],
      ])
      expectEqual(await all(queue, { states: ['active', 'dead'], name: 'third' }), [])
      expectEqual(await all(queue, { name: 'thir' }), [])
      expectEqual(await all(queue, { idPrefix: 'even-999' }), [])
      for (const odd of [
        { limit: 0 },
        { name: '' },
        { tag: '' },
        { since: -1 },
        { until: NaN },
        { states: [] },
      ])
        await expectRejection(
          () => queue.find(odd),
          (error) => error instanceof RangeError,
          'what no job can have to be refused',
        )
      await expectRejection(
        () => queue.list({ name: 'third', cursor: 'x' }),
        (error) => error instanceof RangeError,
        'a cursor of nobody to be refused',
      )
    },
  },
  {
    name: 'since and until bound when jobs were added, the first included, with and without a tag',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      for (const id of ['a', 'b', 'c', 'd']) {
        await queue.add([{ ...job('n', { tags: ['t'] }), id }])
        await advance(HOUR_MS)
      }
      const addedAt = async (id: string): Promise<number> => (await queue.get(id))?.addedAt ?? 0
      const [since, until] = [await addedAt('b'), await addedAt('d')]
      expectEqual(await all(queue, { state: 'ready', since, until }), ['b', 'c'])
      expectEqual(await all(queue, { tag: 't', since, until }), ['c', 'b'])
      expectEqual(await all(queue, { tag: 't', until: since }), ['a'])
      expectEqual(await all(queue, { tag: 't', since: until }), ['d'])
      expectEqual(await all(queue, { since: until, until: since }), [])
    },
  },
  {
    name: 'a page of a search looks at a bounded number of jobs, however many there are',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const batch = (name: string, size: number, offset = 0): Promise<unknown> =>
        queue.add(
          Array.from({ length: size }, (_, index) => ({
            ...job(name, { tags: ['t'] }),
            id: `${name}-${String(index + offset).padStart(5, '0')}`,
          })),
        )
      await batch('hay', 700)
      await batch('hay', 700, 700)
      await batch('needle', 1)
      const one = await queue.find({ state: 'ready', name: 'needle' })
      expectTrue(
        one.ids.length === 0 && one.cursor !== null,
        `a page that ends after ${JOB_LIMITS.looked} jobs`,
      )
      expectEqual(await all(queue, { state: 'ready', name: 'needle' }), ['needle-00000'])
      expectEqual(await all(queue, { tag: 't', name: 'needle' }), ['needle-00000'])
      expectEqual((await all(queue, { tag: 't', idPrefix: 'hay-0139' })).length, 10)
    },
  },
]

/** The ids of all that is found, listed three at a time, and found many at a time. */
async function all(queue: QueueStore, options: ListJobsOptions): Promise<readonly string[]> {
  const listed: string[] = []
  const found: string[] = []
  let [cursor, pages]: [string | null, number] = [null, 0]
  do {
    const page = await queue.list({ ...options, limit: 3, ...(cursor !== null && { cursor }) })
    expectTrue(page.jobs.length <= 3, 'no more than were asked for')
    listed.push(...page.jobs.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== null && pages++ < 100)
  do {
    const page = await queue.find({ ...options, limit: 500, ...(cursor !== null && { cursor }) })
    found.push(...page.ids)
    cursor = page.cursor
  } while (cursor !== null && pages++ < 100)
  expectEqual(found, listed)
  expectEqual(new Set(listed).size, listed.length)
  return listed
}

/** Jobs of one state are in its own order. */
function expectSame(actual: readonly string[], expected: readonly string[]): void {
  expectEqual([...actual].toSorted(), [...expected].toSorted())
}
