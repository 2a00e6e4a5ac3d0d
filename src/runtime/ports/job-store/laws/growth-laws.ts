import { expectEqual, expectTrue, type Law } from '../../conformance.ts'
import type { ClaimedJob, JobRecord, NewJob } from '../job-store.ts'
import { JOB_LIMITS } from '../job-limits.ts'
import { addOne, claim, job, LEASE_MS, settle, type JobStoreHarness } from './law-steps.ts'

const LARGE_CHARS = 1_000_000
const LARGE = Math.floor(JOB_LIMITS.replyBytes / LARGE_CHARS) + 3

/** What stays true when much waits. */
export const growthLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'oldestReady tells when the job was added that has stood in line longest',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      expectEqual(await queue.oldestReady(), null)
      const given: NewJob[] = [
        job('scheduled', { delayMs: 100_000 }),
        job('late', { priority: 7 }),
        job('first', { priority: 3 }),
        job('second', { priority: 3 }),
        job('ahead', { priority: 3, lifo: true }),
        job('further ahead', { priority: 3, lifo: true }),
      ]
      for (const one of given) {
        await addOne(queue, one)
        await advance(1000)
      }
      const { jobs } = await queue.list({ state: 'ready' })
      const addedAt = (name: string): number | undefined =>
        jobs.find((one) => one.name === name)?.addedAt
      const remove = async (name: string): Promise<void> => {
        const ids = jobs.filter((one) => one.name === name).map(({ id }) => id)
        expectEqual(await queue.command({ type: 'remove', ids }), 1)
      }
      for (const name of ['late', 'first', 'second', 'ahead', 'further ahead']) {
        expectEqual(await queue.oldestReady(), addedAt(name) ?? null, name)
        await remove(name)
      }
      expectEqual(await queue.oldestReady(), null)
    },
  },
  {
    name: 'a claim ends before its limit where the jobs are large, and so does a page; none is lost',
    async run({ open }) {
      const queue = (await open()).queue('q')
      for (let index = 0; index < LARGE; index++) await queue.add([large(index)])
      const listed: JobRecord[] = []
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await queue.list({ state: 'ready', ...(cursor && { cursor }) })
        expectFits(page.jobs)
        listed.push(...page.jobs)
        cursor = page.cursor
      }
      expectEqual(
        listed.map(({ name }) => name),
        namesOfAll(),
      )
      const claimed: ClaimedJob[] = []
      for (let left = true; left;) {
        const answer = await queue.exchange({ claim: { limit: 100, leaseMs: LEASE_MS } })
        expectFits(answer.claimed)
        claimed.push(...answer.claimed)
        left = answer.wakeInMs === 0
      }
      expectEqual(
        claimed.map(({ name }) => name),
        namesOfAll(),
      )
      expectTrue(
        claimed.every(({ attempt, data }) => attempt === 1 && data === 'x'.repeat(LARGE_CHARS)),
        'whole jobs in their first attempt',
      )
    },
  },
  {
    name: 'what a job carries is the same whatever its size, in each of its states',
    async run({ open }) {
      const queue = (await open()).queue('q')
      for (const chars of [10, 4000, 9000, 40_000, 300_000]) {
        const text = (mark: string): string => mark.repeat(chars)
        const [data, options, error, progress] = ['d', 'o', 'e', 'p'].map(text)
        const id = await addOne(queue, {
          name: 'n',
          data: data ?? null,
          options: options ?? null,
          maxAttempts: 5,
          keepCompletedMs: 1_000_000,
        })
        const [first] = await claim(queue, 1)
        expectEqual([first?.data, first?.options], [data, options])
        const { token = 0 } = first ?? {}
        await queue.exchange({
          extend: [{ id, token, leaseMs: LEASE_MS, progress: progress ?? '' }],
        })
        await queue.exchange({ extend: [{ id, token, leaseMs: LEASE_MS }] })
        expectEqual((await queue.get(id))?.progress, progress)
        await settle(queue, first, { to: 'scheduled', delayMs: 0, error: error ?? '' })
        await queue.command({ type: 'change', ids: [id], data: 'short' })
        const [second] = await claim(queue, 1)
        expectEqual([second?.data, second?.lastError], ['short', error])
        await settle(queue, second, { to: 'scheduled', delayMs: 0, error: 'short' })
        await queue.command({ type: 'change', ids: [id], data: data ?? null })
        const [third] = await claim(queue, 1)
        expectEqual([third?.data, third?.lastError], [data, 'short'])
        await settle(queue, third, { to: 'completed', result: text('r') })
        const ended = await queue.get(id)
        expectEqual(
          [ended?.data, ended?.options, ended?.progress, ended?.result, ended?.lastError],
          [data, options, progress, text('r'), 'short'],
        )
        expectEqual((await queue.list({ state: 'completed' })).jobs, [ended])
        expectEqual(await queue.command({ type: 'remove', ids: [id] }), 1)
        expectEqual(await queue.get(id), null)
        // Nothing of it is left to another of its id.
        await queue.add([{ name: 'n', data: null, id }])
        const again = await queue.get(id)
        expectEqual([again?.data, again?.progress, again?.result], [null, null, null])
        await queue.command({ type: 'remove', ids: [id] })
      }
    },
  },
]

function large(index: number): NewJob {
  return { name: `n${index}`, data: 'x'.repeat(LARGE_CHARS) }
}

function namesOfAll(): readonly string[] {
  return Array.from({ length: LARGE }, (_, index) => `n${index}`)
}

function expectFits(jobs: readonly ClaimedJob[]): void {
  expectTrue(
    jobs.length > 0 && jobs.length * LARGE_CHARS <= JOB_LIMITS.replyBytes,
    'a part that fits into one answer',
  )
}
