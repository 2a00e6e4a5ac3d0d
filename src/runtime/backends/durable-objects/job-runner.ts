import { WorkerEntrypoint } from 'cloudflare:workers'
import { systemClock } from '../../ports/platform/clock.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import { fromJsonText, toJsonText, type JsonText } from './json-text.ts'
import { runJobBatch } from './run-job-batch.ts'

/** Hands outcomes and renewals back to the object while its jobs run. */
export type ExchangeWithObject = (exchange: JsonText<Exchange>) => Promise<JsonText<ExchangeResult>>

/** What an object's alarm calls. Export it from the Worker as `JobRunner`. */
export interface JobRunnerEntrypoint extends WorkerEntrypoint {
  /** @returns The outcomes that were not handed over through `exchange` on the way */
  run(
    queue: string,
    jobs: JsonText<readonly ClaimedJob[]>,
    leaseMs: number,
    exchange: ExchangeWithObject,
  ): Promise<JsonText<readonly Settlement[]>>
}

/** The class of a {@link JobRunnerEntrypoint}. */
export type JobRunnerClass = new (
  ...args: ConstructorParameters<typeof WorkerEntrypoint>
) => JobRunnerEntrypoint

/** What runs jobs: a processor, or what has one (a queue) or several (a service). */
export type JobProcessors =
  | JobProcessor
  | { readonly processor: JobProcessor }
  | { readonly processors: readonly JobProcessor[] }

/**
 * Makes the entrypoint that runs the jobs of these queues: `export const JobRunner = jobRunner(emailQueue)`. The objects'
 * alarms find it among the Worker's own exports, so no binding is needed.
 *
 * The jobs of one call run at the same time in one isolate. While they run, it renews their leases each third of the
 * lease time (3.3 s by default) and learns then which ones were cancelled or lost: their `signal` aborts.
 *
 * Jobs of a queue that has no processor here are parked, with an error that says so.
 *
 * @throws RangeError when two processors are for the same queue
 */
export function jobRunner(...given: readonly JobProcessors[]): JobRunnerClass {
  const processors = new Map<string, JobProcessor>()
  for (const processor of given.flatMap(processorsOf)) {
    if (processors.has(processor.queue))
      throw new RangeError(
        `Cannot make job runner: queue ${JSON.stringify(processor.queue)} has two processors, one expected`,
      )
    processors.set(processor.queue, processor)
  }
  return class extends WorkerEntrypoint implements JobRunnerEntrypoint {
    async run(
      queue: string,
      text: JsonText<readonly ClaimedJob[]>,
      leaseMs: number,
      exchange: ExchangeWithObject,
    ): Promise<JsonText<readonly Settlement[]>> {
      const jobs = fromJsonText(text)
      const processor = processors.get(queue)
      if (processor === undefined) return toJsonText(jobs.map((job) => parked(queue, job)))
      return toJsonText(
        await runJobBatch({
          jobs,
          processor,
          leaseMs,
          clock: systemClock,
          exchange: async (request) => fromJsonText(await exchange(toJsonText(request))),
        }),
      )
    }
  }
}

function processorsOf(given: JobProcessors): readonly JobProcessor[] {
  if ('processors' in given) return given.processors
  return ['processor' in given ? given.processor : given]
}

function parked(queue: string, { id, token }: ClaimedJob): Settlement {
  const error = {
    code: 'no_runner',
    message: `Cannot run jobs of queue ${JSON.stringify(queue)}: the Worker's job runner has no processor for it, pass its queue to jobRunner() and retry the jobs`,
  }
  return { id, token, outcome: { to: 'parked', error } }
}
