import type { QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'

/** What must cost a queue of many jobs no more than a queue of few. */
export interface GrowthStep {
  readonly name: string
  run(queue: QueueStore): Promise<unknown>
}

const HOUR_MS = 3_600_000
const BATCH = 500

/** Fills a queue with `n` ready jobs, a tenth of which went ahead, and `n` completed ones. */
export async function fillQueue(queue: QueueStore, n: number): Promise<void> {
  for (let added = 0; added < n; added += BATCH) {
    const jobs = Array.from({ length: Math.min(BATCH, n - added) }, () => ({
      name: 'n',
      data: null,
      keepCompletedMs: HOUR_MS,
    }))
    await queue.add(jobs)
    const { claimed } = await queue.exchange({ claim: { limit: BATCH, leaseMs: HOUR_MS } })
    await queue.exchange({
      settle: claimed.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
    })
  }
  for (let added = 0; added < n; added += BATCH)
    await queue.add(
      Array.from({ length: Math.min(BATCH, n - added) }, (_, index) => ({
        name: 'n',
        data: null,
        lifo: index % 10 === 0,
        keepCompletedMs: HOUR_MS,
        keepCompletedCount: n,
        tags: ['t', `t${index % 2}`],
      })),
    )
  // What is remembered is counted once.
  await queue.counts()
}

export const GROWTH_STEPS: readonly GrowthStep[] = [
  { name: 'counts', run: (queue) => queue.counts() },
  { name: 'oldestReady', run: (queue) => queue.oldestReady() },
  { name: 'a page of ready jobs', run: (queue) => queue.list({ state: 'ready', limit: 10 }) },
  {
    name: 'the second page of completed jobs',
    async run(queue) {
      const { cursor } = await queue.list({ state: 'completed', limit: 10 })
      await queue.list({ state: 'completed', limit: 10, ...(cursor !== null && { cursor }) })
    },
  },
  {
    name: 'the second page of the jobs with a tag, in a state and in all',
    async run(queue) {
      for (const state of [{}, { state: 'ready' } as const]) {
        const query = { tag: 't', limit: 10, ...state }
        const { cursor } = await queue.list(query)
        await queue.list({ ...query, ...(cursor !== null && { cursor }) })
        await queue.find({ ...query, name: 'n', ...(cursor !== null && { cursor }) })
      }
    },
  },
  {
    name: 'a job with tags that is removed',
    async run(queue) {
      const { ids } = await queue.find({ tag: 't', limit: 1 })
      await queue.command({ type: 'remove', ids })
    },
  },
  {
    name: 'a job that is claimed, renewed and settled where a bound of kept jobs is reached',
    async run(queue) {
      const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: HOUR_MS } })
      const held = claimed.map(({ id, token }) => ({ id, token }))
      await queue.exchange({ extend: held.map((job) => ({ ...job, leaseMs: HOUR_MS })) })
      await queue.exchange({
        settle: held.map((job) => ({ ...job, outcome: { to: 'completed' } as const })),
      })
    },
  },
]

/** What halving may cost ten times as many jobs more: a few looks for each doubling. */
export const HALVINGS = 48
