import {
  defineJob,
  scheduleJob,
  type JobQueue,
} from '../../../../src/services/background-jobs/index.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { open, type JobQueueHarness } from './job-queue-harness.ts'

const TAG = 'customer:7'
const tagged = { tags: [TAG] }

/** How jobs are found, counted, and changed many at a time. */
export const jobSearchLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'tags come with jobs of every kind: single, many, flows, children and schedules',
    async run(harness) {
      const queue = await open(harness, {
        work: defineJob({ run: () => undefined }),
        crawl: defineJob({
          async run(_job, { waitForChildren }) {
            await waitForChildren([
              { name: 'work', data: 1, options: { ...tagged, jobId: 'child' } },
            ])
          },
        }),
        preset: defineJob({ run: () => undefined, options: { tags: ['preset'] } }),
      })
      await queue.add('work', 1, { ...tagged, jobId: 'single' })
      await queue.addBulk([{ name: 'work', data: 1, options: { ...tagged, jobId: 'bulk' } }])
      await queue.addFlow({
        ...{ name: 'work', data: 1, options: { ...tagged, jobId: 'parent' } },
        children: [{ name: 'work', data: 1, options: { ...tagged, jobId: 'below' } }],
      })
      await queue.add('crawl', 1, { jobId: 'crawl' })
      await queue.add('preset', 1, { jobId: 'preset' })
      await queue.add('preset', 1, { ...tagged, jobId: 'own' })
      const { nextRunAt } = await scheduleJob(queue, {
        ...{ name: 'work', every: '1h', data: 1, options: tagged },
      })
      await queue.drain()
      await harness.advance((nextRunAt ?? 0) - harness.clock.now())
      await queue.drain()
      const found = await idsOf(queue, { tag: TAG })
      const named = found.filter((id) => !id.startsWith('work@')).toSorted()
      expectEqual(named, ['below', 'bulk', 'child', 'own', 'parent', 'single'])
      expectEqual(found.length - named.length, 1)
      expectEqual(await idsOf(queue, { tag: 'preset' }), ['preset'])
      expectEqual((await queue.get('single'))?.tags, [TAG])
      for (const tags of [['a', 'a'], ['\n'], [''], 'tag', [7]])
        await expectRejection(
          () => queue.add('work', 1, { tags: tags as string[] }),
          (error) => error instanceof RangeError || error instanceof TypeError,
          'such tags to be refused',
        )
    },
  },
  {
    name: 'count() says what bulk() will touch, and bulk() goes on where it ended',
    async run(harness) {
      let fails = true
      const queue = await open(harness, {
        work: defineJob({
          run() {
            if (fails) throw new Error('down')
          },
        }),
      })
      const options = { attempts: 1, ...tagged }
      await queue.addBulk(
        Array.from({ length: 25 }, (_, index) => ({
          name: 'work' as const,
          data: index,
          options: index < 20 ? options : { attempts: 1 },
        })),
      )
      expectEqual(await queue.count({ tag: TAG }), { count: 20, complete: true })
      expectEqual(await queue.count({ tag: TAG, limit: 7 }), { count: 7, complete: false })
      expectEqual(await queue.count({ tag: TAG, action: 'retry' }), { count: 0, complete: true })
      expectEqual(await queue.count(), { count: 25, complete: true })
      await queue.drain()
      expectEqual(await queue.count({ state: 'dead' }), { count: 25, complete: true })
      const query = { tag: TAG, action: 'retry' } as const
      expectEqual(await queue.count(query), { count: 20, complete: true })
      const first = await queue.bulk('retry', { tag: TAG }, { limit: 8 })
      expectEqual([first.matched, first.changed], [8, 8])
      expectTrue(first.cursor !== null, 'a cursor to go on from')
      const rest = await queue.bulk('retry', { tag: TAG }, { cursor: first.cursor ?? '' })
      expectEqual(rest, { matched: 12, changed: 12, cursor: null })
      fails = false
      await queue.drain()
      expectEqual((await queue.counts()).completed, 20)
      // Nothing that completed runs again because it has a tag.
      expectEqual(await queue.bulk('retry', { tag: TAG }), { matched: 0, changed: 0, cursor: null })
      expectEqual((await queue.bulk('remove', { tag: TAG })).changed, 20)
      expectEqual(await queue.count({ tag: TAG }), { count: 0, complete: true })
      await queue.addBulk([
        { name: 'work', data: 1, options: { delay: '1h', ...tagged } },
        { name: 'work', data: 1, options: { delay: '1h' } },
      ])
      expectEqual((await queue.bulk('promote', { tag: TAG })).changed, 1)
      expectEqual((await queue.bulk('cancel', { name: 'work' })).changed, 2)
      expectEqual((await queue.counts()).cancelled, 2)
      await expectRejection(
        () => queue.bulk('purge' as 'cancel', {}),
        (error) => error instanceof RangeError,
        'an action of no such name to be refused',
      )
      await expectRejection(
        () => queue.bulk('cancel', { tags: [TAG] } as never),
        (error) => error instanceof TypeError,
        'a filter of no such name to be refused, which would cancel all',
      )
    },
  },
  {
    name: 'redrive() takes the jobs that fit alone',
    async run(harness) {
      const queue = await open(harness, {
        work: defineJob({
          run() {
            throw new Error('down')
          },
        }),
      })
      await queue.add('work', 1, { attempts: 1, ...tagged })
      await queue.add('work', 2, { attempts: 1 })
      await queue.drain()
      expectEqual(await queue.redrive({ tag: TAG, perSecond: Infinity }), 1)
      expectEqual((await queue.counts()).dead, 1)
      const now = (await queue.list({ state: 'dead' })).jobs[0]?.addedAt ?? 0
      expectEqual(await queue.redrive({ until: new Date(now), perSecond: Infinity }), 0)
      expectEqual(await queue.redrive({ since: now, perSecond: Infinity }), 1)
    },
  },
]

async function idsOf(
  queue: Pick<JobQueue, 'list'>,
  query: { readonly tag: string },
): Promise<readonly string[]> {
  return (await queue.list(query)).jobs.map(({ id }) => id)
}
