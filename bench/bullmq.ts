import { Queue, Worker } from 'bullmq'
import { rateOf, type Contender } from './compare.ts'

/** The work of every job benchmark. */
export const JOBS = 5000
export const CONCURRENCY = 50
export const PAYLOAD = {
  to: 'someone@example.org',
  subject: 'Welcome',
  template: 'welcome-email',
  data: { name: 'Someone', n: 42 },
}

/** BullMQ burning down {@link JOBS} jobs that were added before, removed when complete. */
export function bullmqBurnDown(port: number, concurrency: number = CONCURRENCY): Contender {
  let round = 0
  return {
    name: `BullMQ, concurrency ${concurrency}`,
    async round() {
      const name = `burn-${round++}`
      const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
      const queue = new Queue(name, { connection })
      const jobs = Array.from({ length: JOBS }, () => ({
        name: 'send',
        data: PAYLOAD,
        opts: { removeOnComplete: true },
      }))
      for (let start = 0; start < JOBS; start += 500)
        await queue.addBulk(jobs.slice(start, start + 500))
      let left = JOBS
      let finish = (): void => {}
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      const worker = new Worker(name, async () => undefined, {
        connection,
        concurrency,
        autorun: false,
      })
      worker.on('completed', () => {
        if (--left === 0) finish()
      })
      const rate = await rateOf(JOBS, async () => {
        void worker.run()
        await finished
      })
      await worker.close()
      await queue.obliterate({ force: true })
      await queue.close()
      return rate
    },
  }
}
