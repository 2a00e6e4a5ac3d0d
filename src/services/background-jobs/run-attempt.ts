import { cut, isInstance, readThrown } from '../../primitives/read-thrown.ts'
import { describeIssues } from '../../primitives/standard-schema.ts'
import { retryDelayMs } from '../../primitives/retry-delay.ts'
import { runWithin } from '../../primitives/run-within.ts'
import { settleWithin } from '../../primitives/settle-within.ts'
import { BackendError } from '../../runtime/ports/backend-error.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { ClaimedJob } from '../../runtime/ports/job-store/job-store.ts'
import { encodeJson } from '../../runtime/ports/job-store/job-limits.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobControl } from '../../runtime/ports/job-store/job-processor.ts'
import type { TraceCarrier, TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import { ChildrenWait, type LayOutChildren } from './children-wait.ts'
import { bookAttempt } from './book-attempt.ts'
import type { JobContext, JobDefinition } from './define-job.ts'
import { JobError } from './job-error.ts'
import { limitsOf, type Booking, type JobRateLimit } from './job-gates.ts'
import { storedOptionsOf } from './job-options.ts'
import { RetryLaterError } from './retry-later-error.ts'
import { UnrecoverableError } from './unrecoverable-error.ts'

/** What a handler is given that depends on its job. */
export interface AttemptContext extends Pick<JobContext, 'children' | 'log'> {
  /** Makes of children what the job store takes. */
  readonly layOutChildren: LayOutChildren
}

/** What attempts of a queue need beside the job. */
export interface AttemptOptions {
  readonly queue: string
  readonly rateLimits: RateLimitStore
  /** Of all jobs of the queue together. */
  readonly rateLimit: JobRateLimit | undefined
  readonly clock: Clock
  readonly random: RandomSource
  /** Where attempts are spans. */
  readonly tracing: Pick<TraceCarrier, 'carryOn'> | undefined
  /** Whether a failed job's record keeps the stack. */
  readonly recordsStacks: boolean
  /** Hears what the definition's own backoff throws. */
  readonly onFault: (message: string, fault: unknown) => void
}

/** An attempt that was made. */
export interface Attempt {
  readonly outcome: JobOutcome
  /** What failed it, as it was thrown. */
  readonly thrown?: unknown
}

const LONGEST_BACKOFF_MS = 30 * 86_400_000
const LIMITS_AGAIN_MS = 1000
/** How long a definition's own backoff may take to answer. */
const LONGEST_CHOICE_MS = 5000
const MESSAGE_LENGTH = 2000
const STACK_LENGTH = 8000

/** Runs one attempt of a claimed job and decides what becomes of it. Never rejects. */
export async function runAttempt(
  definition: JobDefinition,
  job: ClaimedJob,
  control: JobControl,
  context: AttemptContext,
  options: AttemptOptions,
): Promise<Attempt> {
  try {
    // What a kind does without costs no promise.
    const data = definition.input === undefined ? job.data : await checkData(definition, job)
    const limits = limitsOf(definition, job.name, options)
    const booking =
      limits.length === 0
        ? null
        : await bookAttempt(options.rateLimits, limits, job, data).catch((fault: unknown) =>
            unbooked(fault, options),
          )
    if (booking !== null) {
      const { waitMs: delayMs, note: error } = booking
      return {
        outcome: { to: 'scheduled', delayMs, refund: true, ...(error !== null && { error }) },
      }
    }
    // The process may have stood still since: then the job is another worker's by now.
    const { signal } = control
    if (signal.aborted) return { outcome: unbegun(signal.reason) }
    return { outcome: await runHandler(definition, job, data, signal, control, context, options) }
  } catch (thrown) {
    return { outcome: await outcomeOfFailure(definition, job, thrown, control, options), thrown }
  }
}

/**
 * Limits that cannot be asked fail no attempt: the job looks again, and keeps what it has booked.
 */
function unbooked(fault: unknown, { random }: AttemptOptions): Booking {
  if (!isInstance(fault, BackendError)) throw fault
  return { waitMs: Math.ceil(LIMITS_AGAIN_MS * (1 + random.fraction())), note: null }
}

/** What becomes of an attempt that was stopped before its handler began. */
function unbegun(reason: unknown): JobOutcome {
  if (readThrown(reason).code === 'cancelled') return { to: 'cancelled' }
  return { to: 'scheduled', delayMs: 0, refund: true }
}

async function checkData(definition: JobDefinition, { name, data }: ClaimedJob): Promise<unknown> {
  if (definition.input === undefined) return data
  const checked = await definition.input['~standard'].validate(data)
  if (checked.issues === undefined) return checked.value
  throw new JobError(
    'invalid_data',
    `Cannot run job ${JSON.stringify(name)}: ${describeIssues('data', checked.issues)}`,
  )
}

async function runHandler(
  definition: JobDefinition,
  job: ClaimedJob,
  data: unknown,
  stop: AbortSignal,
  { progress }: JobControl,
  { log, children, layOutChildren }: AttemptContext,
  options: AttemptOptions,
): Promise<JobOutcome> {
  const { queue, clock, tracing } = options
  const { id, name, attempt, maxAttempts, crashes = 0, token, addedAt } = job
  const { timeoutMs, trace } = storedOptionsOf(job.options)
  const wait = new ChildrenWait(layOutChildren)
  const { waitForChildren } = wait
  const run = async (signal: AbortSignal): Promise<JobOutcome> => {
    const running = { id, name, data, attempt, maxAttempts, crashes, token, addedAt }
    const call = async (own?: TraceHeaders): Promise<Json | void> =>
      definition.run(running, {
        signal,
        progress,
        log,
        children,
        waitForChildren,
        trace: own,
      })
    let result: Json | void = null
    try {
      result = await (tracing === undefined
        ? call()
        : tracing.carryOn(spanOf(queue, job), trace, ({ headers }) => call(headers)))
    } catch (thrown) {
      if (!wait.isThrown(thrown)) throw thrown
    }
    return wait.outcome ?? { to: 'completed', result: checkResult(name, result ?? null) }
  }
  const late = (): Error =>
    new JobError(
      'timeout',
      `Cannot finish job ${JSON.stringify(name)}: the attempt took over ${timeoutMs} ms`,
    )
  // Within the breaker, so that what takes too long counts there.
  const timed = (signal: AbortSignal): Promise<JobOutcome> =>
    timeoutMs === null ? run(signal) : runWithin(clock, timeoutMs, signal, late, run)
  if (definition.breaker === undefined) return timed(stop)
  return definition.breaker.execute(({ signal }) => timed(signal), { signal: stop })
}

function spanOf(
  queue: string,
  { id, name, attempt }: ClaimedJob,
): Parameters<TraceCarrier['carryOn']>[0] {
  return {
    name: `process ${name}`,
    kind: 'consumer',
    attributes: {
      'messaging.operation.type': 'process',
      'messaging.destination.name': queue,
      'messaging.message.id': id,
      'job.attempt': attempt,
    },
  }
}

/** @throws JobError `outcome_refused` when the job store would not take the result */
function checkResult(name: string, result: Json): Json {
  if (typeof result === 'boolean' || result === null) return result
  try {
    encodeJson('result', result)
    return result
  } catch (cause) {
    const fault = readThrown(cause).message.replace(/^.*?: /, '')
    const message = `Cannot keep result of job ${JSON.stringify(name)}: ${fault}`
    throw new JobError('outcome_refused', message, { cause })
  }
}

async function outcomeOfFailure(
  definition: JobDefinition,
  job: ClaimedJob,
  thrown: unknown,
  { signal }: JobControl,
  options: AttemptOptions,
): Promise<JobOutcome> {
  const openForMs = circuitOpenMs(thrown)
  if (openForMs !== null) return { to: 'scheduled', delayMs: openForMs, refund: true }
  const error = errorRecord(thrown, options.recordsStacks)
  if (signal.aborted && readThrown(signal.reason).code === 'cancelled') return { to: 'cancelled' }
  if (isHopeless(thrown) || job.attempt >= job.maxAttempts) return { to: 'dead', error }
  return { to: 'scheduled', delayMs: await delayOf(definition, job, thrown, options), error }
}

/** Whether no further attempt can succeed. */
function isHopeless(thrown: unknown): boolean {
  if (isInstance(thrown, UnrecoverableError)) return true
  if (!isInstance(thrown, JobError)) return false
  const { code } = readThrown(thrown)
  // A handler whose result is refused has done its work.
  return code === 'invalid_data' || code === 'outcome_refused'
}

async function delayOf(
  definition: JobDefinition,
  job: ClaimedJob,
  thrown: unknown,
  { random, onFault, clock }: AttemptOptions,
): Promise<number> {
  if (isInstance(thrown, RetryLaterError)) return Math.ceil(readThrown(thrown).retryAfterMs ?? 0)
  const { type, delayMs, maxMs, jitter } = storedOptionsOf(job.options).backoff
  if (type === 'custom' && definition.backoff !== undefined) {
    try {
      const choose = async (): Promise<number> => definition.backoff?.(job.attempt, thrown) ?? NaN
      const chosen = await settleWithin(clock, LONGEST_CHOICE_MS, choose(), () => NaN)
      if (Number.isFinite(chosen))
        return Math.min(Math.max(Math.ceil(chosen), 0), LONGEST_BACKOFF_MS)
      const fault = new RangeError('Cannot wait: backoff answered no finite number of ms')
      onFault(`Backoff of job ${JSON.stringify(job.name)} failed`, fault)
    } catch (fault) {
      onFault(`Backoff of job ${JSON.stringify(job.name)} failed`, fault)
    }
  }
  const shape = { type: type === 'fixed' ? type : 'exponential', delayMs, maxMs, jitter } as const
  return Math.ceil(retryDelayMs(shape, job.attempt, random.fraction()))
}

/** How long a circuit stays open at most, when that is why the attempt was not made. */
function circuitOpenMs(thrown: unknown): number | null {
  const { code, retryAfterMs } = readThrown(thrown)
  if (code !== 'circuit_open') return null
  return retryAfterMs === null || Number.isNaN(retryAfterMs)
    ? 1000
    : Math.min(Math.max(Math.ceil(retryAfterMs), 1), LONGEST_BACKOFF_MS)
}

/**
 * What the job's record keeps of what was thrown, cut to a bound; the stack, which may hold
 * anything, only if so asked.
 */
function errorRecord(thrown: unknown, recordsStacks: boolean): Json {
  const { name, code, message, stack } = readThrown(thrown)
  return {
    name,
    code: code ?? 'failed',
    message: cut(message, MESSAGE_LENGTH),
    ...(recordsStacks && stack !== null && { stack: cut(stack, STACK_LENGTH) }),
  }
}
