import { callQuietly } from '../../primitives/call-quietly.ts'
import { durationMs } from '../../primitives/duration.ts'
import { isInstance } from '../../primitives/read-thrown.ts'
import { platformAfterIo } from '../../runtime/ports/platform/after-io.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { BatchedJob, BatchJobDefinition } from './batch-job.ts'
import type { JobContext, RunningJob } from './define-job.ts'
import { JobError } from './job-error.ts'

/** Gathers the jobs of one kind that run in this process, and hands them to their handler. */
export interface JobBatcher {
  /** Resolves with what the handler says of this job. */
  join(job: RunningJob<unknown>, context: JobContext): Promise<Json | void>
  /** Hands over what is gathered, and from now on waits for nothing. @returns Waits again */
  hurry(): () => void
}

/** A job that waits for its batch, or for what becomes of it there. */
interface Member {
  readonly job: BatchedJob<unknown>
  readonly outcome: PromiseWithResolvers<Json | void>
}

/** Promises that a job goes through between its claim and its batch, and some more. */
const CHAIN = 20

export function createJobBatcher(definition: BatchJobDefinition, clock: Clock): JobBatcher {
  const { size, wait = 0 } = definition.batch
  const waitMs = durationMs(wait)
  let gathered: Member[] = []
  let cancelWait: (() => void) | null = null
  let hurries = 0

  function handOver(): void {
    cancelWait?.()
    cancelWait = null
    const members = gathered
    gathered = []
    if (members.length > 0) void runBatch(definition, members)
  }

  function startWait(): void {
    if (waitMs > 0 && hurries === 0) cancelWait = clock.setTimer(handOver, waitMs)
    else {
      let isWanted = true
      cancelWait = () => void (isWanted = false)
      void soon().then(() => isWanted && handOver())
    }
  }

  return {
    join(job, context) {
      const outcome = Promise.withResolvers<Json | void>()
      const member = { job: { ...job, ...context }, outcome }
      const { signal } = context
      if (signal.aborted) outcome.reject(signal.reason)
      else {
        gathered.push(member)
        const leave = (): void => {
          if (!gathered.includes(member)) return
          gathered = gathered.filter((other) => other !== member)
          outcome.reject(signal.reason)
        }
        signal.addEventListener('abort', leave, { once: true })
        if (gathered.length >= size) handOver()
        else if (cancelWait === null) startWait()
      }
      return outcome.promise
    },
    hurry() {
      hurries++
      if (gathered.length > 0) {
        cancelWait?.()
        startWait()
      }
      return () => void hurries--
    },
  }
}

async function runBatch(definition: BatchJobDefinition, members: readonly Member[]): Promise<void> {
  const jobs = members.map(({ job }) => job)
  try {
    const results = await definition.run(jobs, { signal: whenAllAbort(jobs) })
    if (results === undefined || results === null)
      return members.forEach(({ outcome }) => outcome.resolve())
    const list: readonly unknown[] | null = Array.isArray(results) ? results : null
    if (list?.length === members.length)
      return members.forEach(({ outcome }, index) => settle(outcome, list[index]))
    const given = list === null ? 'no list' : `${list.length} results`
    // Promises among them are nobody's: what they reject with must not end the process.
    for (const one of list ?? []) callQuietly(() => one)
    const name = JSON.stringify(jobs[0]?.name)
    throw new JobError(
      'outcome_refused',
      `Cannot keep results of jobs ${name}: their handler returned ${given}, ${members.length} results expected`,
    )
  } catch (error) {
    for (const { outcome } of members) outcome.reject(error)
  }
}

function settle({ resolve, reject }: Member['outcome'], result: unknown): void {
  if (isInstance(result, Error)) reject(result)
  // It is looked at again where it is kept.
  else resolve(result as Json | void)
}

function whenAllAbort(jobs: readonly BatchedJob<unknown>[]): AbortSignal {
  const all = new AbortController()
  let going = jobs.length
  for (const { signal } of jobs) {
    const leave = (): void => {
      if (--going === 0) all.abort(signal.reason)
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  }
  return all.signal
}

/** Once all that was claimed together has had its turn. */
async function soon(): Promise<void> {
  for (let turn = 0; turn < CHAIN; turn++) await Promise.resolve()
  await new Promise<void>(platformAfterIo)
}
