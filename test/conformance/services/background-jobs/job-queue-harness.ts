import { JobQueue, type JobDefinitions } from '../../../../src/services/background-jobs/index.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import { createSeededRandom, type FakeClock } from '../../../../src/testing/index.ts'

/** A backend to put queues on, with the clock of the process beside it; `advance` moves both. */
export interface JobQueueHarness {
  open(): Promise<Backend>
  readonly clock: FakeClock
  advance(ms: number): Promise<void>
  /** The job store's clock where it goes on by itself as well, as a server's does. */
  readonly storeNow?: () => number
}

/** Makes a queue on a backend of its own. */
export async function open<Jobs extends JobDefinitions>(
  harness: JobQueueHarness,
  jobs: Jobs,
): Promise<JobQueue<Jobs>> {
  return queueOn(await harness.open(), harness, jobs)
}

/** Each queue is a process of its own, so none draws the numbers of another. */
let seed = 0

/** Makes a queue on a given backend. */
export function queueOn<Jobs extends JobDefinitions>(
  backend: Backend,
  { clock }: JobQueueHarness,
  jobs: Jobs,
): JobQueue<Jobs> {
  const random = createSeededRandom(++seed)
  return new JobQueue({ name: 'work', backend, jobs, clock, random, report: () => undefined })
}
