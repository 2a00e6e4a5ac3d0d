import type { Backend } from '../../runtime/ports/backend.ts'
import type { Report } from '../../runtime/ports/platform/report.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { startStopwatch } from '../../runtime/ports/platform/deadline.ts'
import type { ClaimedJob, NewJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobControl, JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { TraceCarrier } from '../../runtime/ports/trace-carrier.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import {
  createUnknownJobReport,
  errorBefore,
  leaveToOthers,
  type UnknownJobReport,
} from '../../runtime/workers/leave-to-others.ts'
import type { LayOutChildren } from './children-wait.ts'
import type { JobDefinition } from './define-job.ts'
import { durationMs, type Duration } from '../../primitives/duration.ts'
import { createEngineGate } from './engine-gate.ts'
import { flowChildOf, isRelayed } from './flow-child.ts'
import { createFlowRelay } from './flow-relay.ts'
import type { FlowLayout } from './job-flow.ts'
import type { JobDefinitions } from './job-to-add.ts'
import { layOutChildren } from './lay-out-flow.ts'
import { JobError } from './job-error.ts'
import type { JobEvents } from './job-events.ts'
import type { JobRateLimit } from './job-gates.ts'
import type { JobLog } from './job-log.ts'
import { runAttempt, type Attempt } from './run-attempt.ts'

/** What {@link createQueueProcessor} needs. */
export interface QueueProcessorOptions {
  readonly queue: string
  readonly jobStore: QueueStore
  readonly rateLimits: RateLimitStore
  /** Of all jobs of the queue together. */
  readonly rateLimit: JobRateLimit | undefined
  readonly definitionOf: (name: string) => JobDefinition | undefined
  /**
   * Tells the job store the limits that jobs of kinds with `concurrency` stand under here, where
   * that is due. @returns The kinds whose limit was changed by it
   */
  readonly tellLimits: () => Promise<ReadonlySet<string>> | null
  /** How the queue lays out children of its jobs. */
  readonly layout: () => FlowLayout<JobDefinitions>
  readonly backend: Pick<Backend, 'jobStore' | 'store'>
  /** Wakes whoever works a queue. */
  readonly wake: (queue: string, inMs: number | null) => Promise<void>
  /** Of jobs of an engine whose kind says nothing of it. */
  readonly timeout: Duration | undefined
  readonly log: JobLog
  readonly events: JobEvents
  readonly clock: Clock
  readonly random: RandomSource
  readonly recordsStacks: boolean
  readonly tracing: Pick<TraceCarrier, 'carryOn'> | undefined
  /** Hears of each attempt that failed. */
  readonly onFailure: (job: ClaimedJob, attempt: Attempt) => void
  /** Hears of jobs that have no definition. Default: the console. */
  readonly report: Report | undefined
  /** Hears what callbacks of the queue's user throw. */
  readonly onFault: (message: string, fault: unknown) => void
}

/**
 * Runs the jobs of a queue by their definitions, tells of what happens and keeps their log lines.
 */
export function createQueueProcessor(options: QueueProcessorOptions): JobProcessor {
  const { queue, jobStore, definitionOf, backend, wake } = options
  const { log, events, clock, random, onFailure } = options
  const gate = createEngineGate({ queue, backend, clock, random })
  const relay = createFlowRelay({ queue, jobStore: backend.jobStore, wake })
  const onUnknown = createUnknownJobReport(options.report)
  return {
    queue,
    knows: ({ name }) => isRelayed(name) || definitionOf(name) !== undefined,
    async process(claimed, control) {
      const { id, name } = claimed
      if (isRelayed(name)) return relay.run(claimed)
      const definition = definitionOf(name)
      if (definition === undefined) return leave(claimed, options, onUnknown)
      // A kind that has no limit any more waits for nothing, but says so.
      const telling = control.engine === undefined ? options.tellLimits() : null
      if (telling !== null && definition.concurrency !== undefined && (await telling).has(name)) {
        // It was claimed under the limit before.
        events.emit({ type: 'deferred', id, name, delayMs: 0 })
        return { to: 'scheduled', delayMs: 0, refund: true }
      }
      const elapsedMs = startStopwatch(clock)
      const lines: string[] = []
      const { engine } = control
      const job = readable(
        engine === undefined ? claimed : withTimeout(claimed, definition, options),
      )
      const run = (): Promise<Attempt> => {
        if (hasCrashed(job)) events.emit({ type: 'stalled', id, name })
        const waitedMs = Math.max(clock.now() - job.addedAt, 0)
        events.emit({ type: 'active', id, name, attempt: job.attempt, waitedMs })
        const layOutNew: LayOutChildren = async (given) => {
          const jobs = await layOutChildren(given, options.layout())
          await refuseEnded(job, jobs, jobStore)
          return jobs
        }
        const context = {
          children: async () =>
            engine === undefined
              ? (await jobStore.children(id)).map(flowChildOf)
              : engine.children(),
          log: (line: string) => void lines.push(line),
          layOutChildren: engine === undefined ? layOutNew : refuseChildren,
        }
        const telling = new TellingControl(job, control, events)
        return runAttempt(definition, job, telling, context, options)
      }
      const attempt = await (engine === undefined ? run() : gate(definition, job, engine, run))
      tell(job, attempt, elapsedMs(), events)
      if ('thrown' in attempt) onFailure(job, attempt)
      // Lost lines must not make a job that succeeded run again.
      if (lines.length > 0) await log.append(id, lines).catch(() => undefined)
      await telling
      return attempt.outcome
    },
  }
}

/** What its last attempt left, without what workers noted that did not know it. */
function readable(job: ClaimedJob): ClaimedJob {
  const lastError = errorBefore(job.lastError)
  return lastError === job.lastError ? job : { ...job, lastError }
}

/** Whether the worker before disappeared. */
function hasCrashed({ attempt, crashes = 0, lastError }: ClaimedJob): boolean {
  return crashes > 0 || (attempt > 1 && lastError === null)
}

/** Jobs that an engine added carry no timeout of ours. */
function withTimeout(
  job: ClaimedJob,
  { options }: JobDefinition,
  { timeout }: QueueProcessorOptions,
): ClaimedJob {
  const given = options?.timeout ?? timeout
  if (given === undefined) return job
  const carried = isObject(job.options) ? job.options : {}
  return { ...job, options: { ...carried, timeoutMs: durationMs(given) } }
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/**
 * Refuses to wait for what the job has waited for: it would run again at once, for ever, and spend
 * no attempt.
 */
async function refuseEnded(
  { id, name }: ClaimedJob,
  jobs: readonly NewJob[],
  jobStore: QueueStore,
): Promise<void> {
  const ids = jobs.filter(({ parent }) => parent === undefined).map((child) => child.id)
  // One without an id of its own is new each time.
  if (ids.length === 0 || ids.includes(undefined)) return
  const ended = new Set<string | undefined>((await jobStore.children(id)).map((child) => child.id))
  if (!ids.every((own) => ended.has(own))) return
  throw new JobError(
    'children_ended',
    `Cannot wait for children of job ${JSON.stringify(name)}: all of them have ended, which children() tells, others expected`,
  )
}

function refuseChildren(): Promise<never> {
  const message =
    'Cannot wait for children: the queue is an engine of its own, a job store expected'
  return Promise.reject(new TypeError(message))
}

function leave(
  job: ClaimedJob,
  { queue, random, events }: QueueProcessorOptions,
  onUnknown: UnknownJobReport,
): JobOutcome {
  const { id, name } = job
  const message = `Cannot run job ${JSON.stringify(name)}: this worker has no definition of it`
  const unknown = { code: 'unknown_job', message } as const
  const outcome = leaveToOthers(job, unknown, random.fraction())
  onUnknown.say(queue, name, outcome, unknown)
  if (outcome.to === 'parked') events.emit({ type: 'parked', id, name })
  else if (outcome.to === 'scheduled')
    events.emit({ type: 'deferred', id, name, delayMs: outcome.delayMs })
  return outcome
}

/** Tells of progress, too. A class, as the worker's own is. */
class TellingControl implements JobControl {
  readonly #control: JobControl
  readonly progress: (value: Json) => void

  constructor({ id, name }: ClaimedJob, control: JobControl, events: JobEvents) {
    this.#control = control
    this.progress = (value) => {
      control.progress(value)
      events.emit({ type: 'progress', id, name, value })
    }
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }
}

function tell(
  { id, name }: ClaimedJob,
  { outcome, thrown }: Attempt,
  durationMs: number,
  events: JobEvents,
): void {
  switch (outcome.to) {
    case 'completed':
      return events.emit({
        type: 'completed',
        id,
        name,
        result: outcome.result ?? null,
        durationMs,
      })
    case 'cancelled':
      return events.emit({ type: 'cancelled', id, name })
    case 'blocked':
      return events.emit({ type: 'blocked', id, name, children: outcome.children.length })
    case 'scheduled': {
      const { refund, delayMs, error: record = null } = outcome
      if (refund === true) return events.emit({ type: 'deferred', id, name, delayMs })
      events.emit({ type: 'failed', id, name, error: thrown, record, durationMs })
      return events.emit({ type: 'retrying', id, name, delayMs })
    }
    case 'dead':
    // Never from here: a job without a definition is left to others.
    case 'parked': {
      const { error: record } = outcome
      events.emit({ type: 'failed', id, name, error: thrown, record, durationMs })
      return events.emit({ type: outcome.to, id, name })
    }
  }
}
