import { checkFunctions, checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../primitives/check-range.ts'
import type { StandardSchema } from '../../primitives/standard-schema.ts'
import type { TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { AnyJobDefinition, BatchJobDefinition } from './batch-job.ts'
import type { FlowChild } from './flow-child.ts'
import type { JobFlow, QueuedChild } from './job-flow.ts'
import { checkRateLimit, type JobBreaker, type JobRateLimit } from './job-gates.ts'
import { checkSharedOptions, type JobOptions } from './job-options.ts'
import type { JobDefinitions } from './job-to-add.ts'

/** A kind of job: what it takes and what it does. */
export interface JobDefinition<Input = unknown, Output = Input> {
  /**
   * Checks the data when the job is added and again before it runs (code and data may be of
   * different deploys). Any Standard Schema: zod, valibot, arktype.
   */
  readonly input?: StandardSchema<Input, Output>
  /**
   * Does the work. What it returns is kept as the job's result; what it throws fails the attempt.
   *
   * A method, so that definitions of different data fit one queue; each is called only with data
   * its schema has checked.
   */
  run(job: RunningJob<Output>, context: JobContext): Promise<Json | void> | Json | void
  /** Options of jobs of this kind, unless the job says otherwise. */
  readonly options?: Omit<JobOptions, 'jobId' | 'deduplication' | 'trace'>
  /**
   * How many jobs run at once for each key (a tenant, a domain) whatever the number of workers.
   * Keys take turns: one with many jobs does not starve the others.
   */
  readonly concurrency?: JobConcurrency<Input>
  /** How many attempts may start in a time; more wait without an attempt spent. */
  readonly rateLimit?: JobRateLimit<Output>
  /**
   * While it is open, jobs wait without an attempt spent: a `CircuitBreaker`, shared by all kinds
   * that call the same thing.
   */
  readonly breaker?: JobBreaker
  /**
   * The wait in ms before the next attempt, for `backoff: { type: 'custom' }`. Where it throws,
   * takes over 5 s or answers no finite number, the wait is as with `exponential`.
   */
  readonly backoff?: (attempt: number, error: unknown) => Promise<number> | number
  /** Not here: the handler of a batch takes all its jobs, see `BatchJobDefinition`. */
  readonly batch?: undefined
}

const PARTS = [
  'input',
  'options',
  'concurrency',
  'rateLimit',
  'breaker',
  'backoff',
  'batch',
] as const

/** How many jobs run at once. */
export interface JobConcurrency<Data = unknown> {
  /** Jobs ready or running at a time for each key, 1 to 1,000. */
  readonly limit: number
  /** Default: all jobs of the kind share one key. */
  key?(data: Data): string
}

/** The job as its handler sees it. */
export interface RunningJob<Data> {
  readonly id: string
  readonly name: string
  readonly data: Data
  /** 1 on the first attempt. */
  readonly attempt: number
  readonly maxAttempts: number
  /** How often in a row a worker has disappeared while it ran the job, since the last attempt. */
  readonly crashes: number
  /**
   * Grows with each attempt: hand it to what you write to, and let that refuse smaller ones (a
   * fencing token).
   */
  readonly token: number
  /** ms since 1970, on the job store's clock. */
  readonly addedAt: number
}

/** What a handler can use while it runs. */
export interface JobContext {
  /** Aborts on timeout, cancellation, a lost lease, or when the worker must stop. */
  readonly signal: AbortSignal
  /** Publishes how far the job is; observers see the latest within about half a second. */
  readonly progress: (value: Json) => void
  /**
   * What the children of this job came to, in the order in which they ended; empty without
   * children. With `onFailure: 'ignore'` some may have failed.
   */
  readonly children: () => Promise<readonly FlowChild[]>
  /**
   * Ends this attempt and adds children, in one step: the job runs again once they have ended, with
   * its attempt unspent, and finds them among its `children()`. It never resolves; nothing after it
   * runs. An attempt that fails or is lost before adds none. `data` replaces the job's.
   *
   * @throws RangeError when there are none, or more than 1,000 or 1 MiB of data
   * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such a job
   */
  readonly waitForChildren: (
    children: readonly (JobFlow<JobDefinitions> | QueuedChild)[],
    options?: WaitForChildrenOptions,
  ) => Promise<never>
  /**
   * Adds a line to the job's log; the last 100 lines of at most 1,000 characters are kept with the
   * job.
   */
  readonly log: (line: string) => void
  /**
   * The trace that this attempt belongs to, for what it puts off or sends: `add(…, { trace })`. On
   * platforms that remember it themselves there is no need to. `undefined` without `tracing`.
   */
  readonly trace?: TraceHeaders | undefined
}

/** Options of `context.waitForChildren()`. */
export interface WaitForChildrenOptions {
  /** What the job carries when it runs again. Default: what it has. */
  readonly data?: Json
}

/**
 * Declares a kind of job: helps TypeScript to infer the data from the schema, and refuses a part of
 * a name that means nothing. What the parts say is checked by the queue that gets them.
 *
 * @throws TypeError when it has no `run`, or a part of another name
 *
 * @example
 * defineJob({
 *   input: z.object({ to: z.email() }),
 *   run: async (job, { signal }) => send(job.data.to, signal),
 * })
 * // Many at a time, each with a result of its own.
 * defineJob({
 *   batch: { size: 100, wait: '1s' },
 *   run: (jobs) => jobs.map(({ data }) => (data === null ? new Error('No data') : 'indexed')),
 * })
 */
export function defineJob<Input = Json, Output = Input>(
  definition: BatchJobDefinition<Input, Output>,
): BatchJobDefinition<Input, Output>
export function defineJob<Input = Json, Output = Input>(
  definition: JobDefinition<Input, Output>,
): JobDefinition<Input, Output>
export function defineJob<Input = Json, Output = Input>(
  definition: AnyJobDefinition<Input, Output>,
): AnyJobDefinition<Input, Output> {
  checkNames('define job', definition)
  return definition
}

/**
 * Checks what can be wrong with a definition before any job is added.
 *
 * @throws RangeError when a limit is out of range
 * @throws TypeError when it has no `run`, or a part of another name
 */
export function checkDefinition(kind: string, definition: AnyJobDefinition): void {
  const action = `define job ${JSON.stringify(kind)}`
  checkNames(action, definition)
  const { concurrency, rateLimit, batch, backoff, breaker, input } = definition
  checkSharedOptions(action, definition.options)
  const parts = {
    backoff,
    'breaker.execute': breaker && (breaker.execute ?? null),
    'input["~standard"].validate': input && (input['~standard']?.validate ?? null),
    'concurrency.key': concurrency?.key,
    'rateLimit.key': rateLimit?.key,
  }
  checkFunctions(action, parts)
  if (batch !== undefined) {
    checkOptions(action, batch, ['size'], ['wait'])
    checkInteger(action, 'batch.size', batch.size, 1, 1000)
    checkDuration(action, 'batch.wait', batch.wait ?? 0, 0, 60_000)
  }
  if (concurrency !== undefined) {
    checkOptions(action, concurrency, ['limit'], ['key'])
    checkInteger(action, 'concurrency.limit', concurrency.limit, 1, 1000)
  }
  if (rateLimit !== undefined) checkRateLimit(action, rateLimit)
}

function checkNames<Input, Output>(
  action: string,
  definition: AnyJobDefinition<Input, Output>,
): void {
  if (typeof definition?.run !== 'function')
    throw new TypeError(`Cannot ${action}: run is no function, one expected`)
  // The instance of a class may have more to it.
  if (Object.getPrototypeOf(definition) === Object.prototype)
    checkOptions(action, definition, ['run'], PARTS)
}
