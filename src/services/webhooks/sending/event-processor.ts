import type { ClaimedJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { createUnknownJobReport, leaveToOthers } from '../../../runtime/workers/leave-to-others.ts'
import { deferOnBackendError } from '../queues/defer-on-backend-error.ts'

/** The queue whose jobs take events in and replay deliveries. */
export const EVENT_QUEUE = 'webhooks.events'

/** What a job of {@link EVENT_QUEUE} does, by its name. */
export type EventJobs = Readonly<
  Record<'event' | 'replay', (job: ClaimedJob) => Promise<JobOutcome>>
>

/** Runs the jobs of {@link EVENT_QUEUE}. */
export function createEventProcessor(jobs: EventJobs, random: RandomSource): JobProcessor {
  const unknownJobs = createUnknownJobReport()
  return {
    queue: EVENT_QUEUE,
    knows: ({ name }) => isKnown(name),
    async process(job) {
      if (!isKnown(job.name)) {
        const message = `This version knows no job of the name ${job.name}`
        const unknown = { code: 'unknown_job', message } as const
        const outcome = leaveToOthers(job, unknown, random.fraction())
        unknownJobs.say(EVENT_QUEUE, job.name, outcome, unknown)
        return outcome
      }
      const run = jobs[job.name]
      return deferOnBackendError(() => run(job), random)
    },
  }
}

function isKnown(name: string): name is keyof EventJobs {
  return name === 'event' || name === 'replay'
}
