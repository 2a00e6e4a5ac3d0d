import type { StandardSchema } from '../../primitives/standard-schema.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { AnyJobDefinition } from './batch-job.ts'
import type { FinishedOptions } from './finished.ts'
import type { JobOptions } from './job-options.ts'

/** The kinds of job that a queue knows, by name. */
export type JobDefinitions = Readonly<Record<string, AnyJobDefinition>>

/** What a definition takes when a job is added. */
export type JobInput<Definition> = Definition extends {
  readonly input?: StandardSchema<infer Input, unknown>
}
  ? unknown extends Input
    ? Json
    : Input
  : Json

/** The kinds of job that take whatever JSON can carry, interfaces among it: they have no schema. */
export type SchemalessName<Jobs extends JobDefinitions> = {
  readonly [Name in keyof Jobs & string]: Json extends JobInput<Jobs[Name]> ? Name : never
}[keyof Jobs & string]

/** A job to add to a queue. */
export interface JobToAdd<
  Jobs extends JobDefinitions,
  Name extends keyof Jobs & string = keyof Jobs & string,
  Data = JobInput<Jobs[Name]>,
> {
  readonly name: Name
  readonly data: Data
  readonly options?: JobOptions
}

/**
 * What adding a job answers: `added` is false when the queue already held it, and then `id` is the
 * one it holds.
 */
export interface AddedJob<Result = Json> {
  readonly id: string
  readonly added: boolean
  /**
   * Present and true when the waiting job took over the new one's data; see
   * `deduplication.replace`.
   */
  readonly replaced?: boolean
  /**
   * Waits until the job has ended, in whichever process, and answers what its handler returned. Not
   * enumerable, so that the rest is plain data.
   *
   * @throws JobError `not_completed` when it is dead or cancelled, `unknown_outcome` when its
   *   record is gone
   */
  finished(options?: FinishedOptions): Promise<Result>
}

/** What a definition's handler returns, of one job. */
export type JobResult<Definition> = Definition extends {
  readonly batch: object
  run(...args: never[]): infer Results
}
  ? Awaited<Results> extends infer All
    ? All extends readonly (infer Result)[]
      ? Exclude<Result, Error>
      : Json
    : Json
  : Definition extends { run(...args: never[]): infer Result }
    ? Awaited<Result>
    : Json
