import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { CONCURRENCY, JOBS, PAYLOAD } from './bullmq.ts'
import { rateOf, type Contender } from './compare.ts'

/** Our queue burning down the same jobs on a backend, removed when complete. */
export function reuseBurnDown(
  name: string,
  backend: Backend,
  batch: number = CONCURRENCY,
): Contender {
  let round = 0
  return {
    name: `${name}, concurrency ${batch}`,
    async round() {
      const queue = new JobQueue({
        name: `burn-${round++}`,
        backend,
        jobs: { send: defineJob({ run: () => undefined }) },
        options: { removeOnComplete: true },
      })
      const jobs = Array.from({ length: JOBS }, () => ({ name: 'send' as const, data: PAYLOAD }))
      for (let start = 0; start < JOBS; start += 500)
        await queue.addBulk(jobs.slice(start, start + 500))
      return rateOf(JOBS, async () => {
        const done = await queue.drain({ concurrency: batch })
        if (done !== JOBS) throw new Error(`${done} of ${JOBS} jobs were run`)
      })
    },
  }
}
