import type { Duration } from '../../primitives/duration.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { JobContext, JobDefinition, RunningJob } from './define-job.ts'

/** How many jobs of a kind are handled by one call. */
export interface JobBatching {
  /** At most, 1 to 1,000. */
  readonly size: number
  /**
   * How long the first of a batch waits for others, up to 1 min. Default 0: those that are claimed
   * together are handled together.
   */
  readonly wait?: Duration
}

/** One job of a batch, with what its handler can use for this job alone. */
export interface BatchedJob<Data> extends RunningJob<Data>, JobContext {}

/** What the handler of a batch can use besides. */
export interface BatchContext {
  /** Aborts once every job of the batch has timed out, been cancelled, been lost or must stop. */
  readonly signal: AbortSignal
}

/** What the handler of a batch says of one job: its result, or an Error that failed it alone. */
export type BatchResult = Json | void | Error

/** A kind of job that is handled many at a time. */
export interface BatchJobDefinition<Input = unknown, Output = Input> extends Omit<
  JobDefinition<Input, Output>,
  'run' | 'batch'
> {
  readonly batch: JobBatching
  /**
   * Does the work of all jobs of a batch, and returns what each came to, in their order; nothing
   * when all have completed without a result. What it throws fails the attempts of all.
   *
   * A method, so that definitions of different data fit one queue.
   */
  run(
    jobs: readonly BatchedJob<Output>[],
    context: BatchContext,
  ): Promise<readonly BatchResult[] | void> | readonly BatchResult[] | void
}

/** A definition that a queue takes. */
export type AnyJobDefinition<Input = unknown, Output = Input> =
  | JobDefinition<Input, Output>
  | BatchJobDefinition<Input, Output>

/** Whether the jobs of a kind are handled many at a time. */
export function isBatchDefinition(definition: AnyJobDefinition): definition is BatchJobDefinition {
  return definition.batch !== undefined
}
