import { WorkerEntrypoint } from 'cloudflare:workers'
import { callQuietly } from '../../../primitives/call-quietly.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import { systemReport, type Report } from '../../ports/platform/report.ts'
import { createSparseReport } from '../../ports/platform/sparse-report.ts'
import { NO_RUNNER, NO_RUNNER_MS } from './job-dispatcher.ts'
import { fromJsonText, toJsonText, type JsonText } from './json-text.ts'
import { runJobBatch } from './run-job-batch.ts'

/** Hands outcomes and renewals back to the object while its jobs run. */
export type ExchangeWithObject = (exchange: JsonText<Exchange>) => Promise<JsonText<ExchangeResult>>

/** What an object's alarm calls. Export it from the Worker as `JobRunner`. */
export interface JobRunnerEntrypoint extends WorkerEntrypoint {
  /**
   * @param claimedAt When the jobs were claimed, ms since 1970
   * @returns The outcomes that were not handed over through `exchange` on the way
   */
  run(
    queue: string,
    jobs: JsonText<readonly ClaimedJob[]>,
    leaseMs: number,
    exchange: ExchangeWithObject,
    claimedAt?: number,
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

/** What {@link jobRunner} takes besides. */
export interface JobRunnerOptions {
  /**
   * Hears once of each queue that has jobs and no processor, and once a minute of each whose jobs
   * fail for what no handler threw. Default: the console.
   */
  readonly report?: Report
  /**
   * Finds the processor of a queue that was not given, where there is one for each tenant or the
   * like. Default: there are no others.
   */
  readonly processorOf?: (queue: string) => JobProcessor | undefined
}

/**
 * Makes the entrypoint that runs the jobs of these queues: `export const JobRunner =
 * jobRunner(emailQueue)`. The objects' alarms find it among the Worker's own exports, so no binding
 * is needed.
 *
 * The jobs of one call run at the same time in one isolate. While they run, it renews their leases
 * each third of the lease time (3.3 s by default) and learns then which ones were cancelled or
 * lost: their `signal` aborts.
 *
 * Jobs of a queue that has no processor here are left as they are, and looked at again each minute:
 * it is said once, with the names of the queues that have one.
 *
 * @param given The services, queues or processors of the Worker, and options among them
 * @throws RangeError when two processors are for the same queue
 * @throws TypeError when something is none of these
 *
 * @example
 * const services = [emailQueue, createWebhooks({ backend })]
 * export const JobRunner = jobRunner(...services)
 */
export function jobRunner(...given: readonly (JobProcessors | JobRunnerOptions)[]): JobRunnerClass {
  const processors = new Map<string, JobProcessor>()
  const missing = new Set<string>()
  let report: Report = systemReport
  let processorOf: NonNullable<JobRunnerOptions['processorOf']> = () => undefined
  for (const one of given)
    if (isOptions(one)) ({ report = report, processorOf = processorOf } = one)
  const sparse = createSparseReport((message, cause) => report(message, cause), systemClock)
  for (const processor of given.flatMap(processorsOf)) {
    if (processors.has(processor.queue))
      throw new RangeError(
        `Cannot make job runner: queue ${JSON.stringify(processor.queue)} has two processors, one expected`,
      )
    processors.set(processor.queue, processor)
  }

  function sayMissing(queue: string): void {
    missing.add(queue)
    const known = [...processors.keys()].join(', ') || 'none'
    const message = `${cannotRun(queue)}: no service of it was given to jobRunner(...), so they wait`
    callQuietly(() => report(message, new Error(`Queues that have a processor: ${known}`)))
  }

  return class extends WorkerEntrypoint implements JobRunnerEntrypoint {
    async run(
      queue: string,
      text: JsonText<readonly ClaimedJob[]>,
      leaseMs: number,
      exchange: ExchangeWithObject,
      claimedAt?: number,
    ): Promise<JsonText<readonly Settlement[]>> {
      const jobs = fromJsonText(text)
      const processor = processors.get(queue) ?? processorOf(queue)
      if (processor === undefined) {
        if (!missing.has(queue)) sayMissing(queue)
        return toJsonText(jobs.map((job) => leftAlone(queue, job)))
      }
      return toJsonText(
        await runJobBatch({
          jobs,
          processor,
          leaseMs,
          lateMs: claimedAt === undefined ? 0 : systemClock.now() - claimedAt,
          clock: systemClock,
          exchange: async (request) => fromJsonText(await exchange(toJsonText(request))),
          onError: (error) =>
            sparse.report(queue, `Jobs of queue ${queue} failed beside their handlers`, error),
        }),
      )
    }
  }
}

function isOptions(given: JobProcessors | JobRunnerOptions): given is JobRunnerOptions {
  if (typeof given !== 'object' || given === null || 'queue' in given) return false
  return 'report' in given || 'processorOf' in given
}

function processorsOf(given: JobProcessors | JobRunnerOptions): readonly JobProcessor[] {
  if (typeof given !== 'object' || given === null)
    throw new TypeError('Cannot make job runner: something is no service, queue or processor')
  if ('processors' in given) return given.processors
  if ('processor' in given) return [given.processor]
  if ('process' in given) return [given]
  if (isOptions(given)) return []
  throw new TypeError('Cannot make job runner: something has no processors, a service expected')
}

/** The job as it was, to be looked at again: perhaps the next deployment runs it. */
function leftAlone(queue: string, { id, token }: ClaimedJob): Settlement {
  const message = `${cannotRun(queue)}: the Worker's job runner has no processor for it, give its service to jobRunner()`
  const error = { code: NO_RUNNER, message }
  return { id, token, outcome: { to: 'scheduled', delayMs: NO_RUNNER_MS, refund: true, error } }
}

function cannotRun(queue: string): string {
  return `Cannot run jobs of queue ${JSON.stringify(queue)}`
}
