import { writeSync } from 'node:fs'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'

/** The demo's queue. Its one kind of job tells the parent process that it ran, and does so before the job store knows. */
export function demoQueue(backend: Pick<Backend, 'jobStore' | 'store' | 'rateLimits' | 'waker'>) {
  return new JobQueue({
    name: 'demo',
    backend,
    jobs: {
      work: defineJob({
        // Synchronous, so that a kill cannot lose a line that was written.
        run: (job) => void writeSync(1, `${job.id} ${job.attempt}\n`),
      }),
    },
    options: { attempts: 5, removeOnComplete: { age: '1h' } },
  })
}
