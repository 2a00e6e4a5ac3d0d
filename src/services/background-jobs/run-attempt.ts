import { describeIssues } from '../../primitives/standard-schema.ts'
import { retryDelayMs } from '../../primitives/retry-delay.ts'
import { runWithin } from '../../primitives/run-within.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { ClaimedJob, FinishedChild } from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobControl } from '../../runtime/ports/job-store/job-processor.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { JobDefinition } from './define-job.ts'
import { JobError } from './job-error.ts'
import { rateLimitWaitMs } from './job-gates.ts'
import { storedOptionsOf } from './job-options.ts'
import { RetryLaterError } from './retry-later-error.ts'
import { UnrecoverableError } from './unrecoverable-error.ts'

/** What running an attempt needs beside the job. */
export interface AttemptOptions {
  readonly queue: string
  readonly rateLimits: RateLimitStore
  readonly children: () => Promise<readonly FinishedChild[]>
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: (line: string) => void
}

/** Runs one attempt of a claimed job and decides what becomes of it. Never rejects. */
export async function runAttempt(
  definition: JobDefinition | undefined,
  job: ClaimedJob,
  control: JobControl,
  options: AttemptOptions,
): Promise<JobOutcome> {
  if (definition === undefined) {
    const message = `Cannot run job ${JSON.stringify(job.name)}: this worker has no definition of it`
    return { to: 'parked', error: { code: 'unknown_job', message } }
  }
  try {
    const data = await checkData(definition, job)
    const waitMs = await gateWaitMs(definition, job, data, options)
    if (waitMs > 0) return { to: 'scheduled', delayMs: waitMs, refund: true }
    return { to: 'completed', result: await runHandler(definition, job, data, control, options) }
  } catch (error) {
    return outcomeOfFailure(definition, job, error, control, options)
  }
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
  { id, name, attempt, maxAttempts, token, addedAt, options: stored }: ClaimedJob,
  data: unknown,
  { signal, progress }: JobControl,
  { clock, log, children }: AttemptOptions,
): Promise<Json> {
  const { timeoutMs } = storedOptionsOf(stored)
  const run = async (until: AbortSignal): Promise<Json> => {
    const running = { id, name, data, attempt, maxAttempts, token, addedAt }
    return (await definition.run(running, { signal: until, progress, log, children })) ?? null
  }
  const guarded = (until: AbortSignal): Promise<Json> =>
    definition.breaker === undefined
      ? run(until)
      : definition.breaker.execute((call) => run(call.signal), { signal: until })
  if (timeoutMs === null) return guarded(signal)
  const late = (): JobError =>
    new JobError(
      'timeout',
      `Cannot finish job ${JSON.stringify(name)}: the attempt took over ${timeoutMs} ms`,
    )
  return runWithin(clock, timeoutMs, signal, late, guarded)
}

function outcomeOfFailure(
  definition: JobDefinition,
  job: ClaimedJob,
  error: unknown,
  { signal }: JobControl,
  { random }: AttemptOptions,
): JobOutcome {
  const openForMs = circuitOpenMs(error)
  if (openForMs !== null) return { to: 'scheduled', delayMs: openForMs, refund: true }
  const record = errorRecord(error)
  if (signal.aborted && codeOf(signal.reason) === 'cancelled') return { to: 'cancelled' }
  const hopeless =
    error instanceof UnrecoverableError ||
    (error instanceof JobError && error.code === 'invalid_data')
  if (hopeless || job.attempt >= job.maxAttempts) return { to: 'dead', error: record }
  return { to: 'scheduled', delayMs: delayOf(definition, job, error, random), error: record }
}

function delayOf(
  definition: JobDefinition,
  job: ClaimedJob,
  error: unknown,
  random: RandomSource,
): number {
  if (error instanceof RetryLaterError) return Math.ceil(error.retryAfterMs)
  const { backoff } = storedOptionsOf(job.options)
  const { type, delayMs, maxMs, jitter } = backoff
  if (type === 'custom' && definition.backoff !== undefined) {
    const chosen = definition.backoff(job.attempt, error)
    return Number.isFinite(chosen)
      ? Math.min(Math.max(Math.ceil(chosen), 0), 30 * 86_400_000)
      : delayMs
  }
  const shape = { type: type === 'fixed' ? type : 'exponential', delayMs, maxMs, jitter } as const
  return Math.ceil(retryDelayMs(shape, job.attempt, random.fraction()))
}

async function gateWaitMs(
  { rateLimit }: JobDefinition,
  { name }: ClaimedJob,
  data: unknown,
  { queue, rateLimits }: AttemptOptions,
): Promise<number> {
  return rateLimit === undefined
    ? 0
    : rateLimitWaitMs(rateLimits, `${queue}:${name}`, rateLimit, data)
}

/** How long a circuit stays open at most, when that is why the attempt was not made. */
function circuitOpenMs(error: unknown): number | null {
  if (codeOf(error) !== 'circuit_open' || typeof error !== 'object' || error === null) return null
  const retryAfterMs = 'retryAfterMs' in error ? error.retryAfterMs : null
  return typeof retryAfterMs === 'number' ? Math.max(Math.ceil(retryAfterMs), 1) : 1000
}

/** What the job's record keeps of an error: its name, code and message, cut to a bound; no stack, which may hold anything. */
function errorRecord(error: unknown): Json {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return {
    name: name.slice(0, 100),
    code: codeOf(error) ?? 'failed',
    message: message.slice(0, 2000),
  }
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code.slice(0, 100) : null
}
