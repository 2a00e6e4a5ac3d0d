import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link JobError}. */
export type JobErrorCode =
  /** The data of a job does not fit its schema. */
  | 'invalid_data'
  /** The queue has no definition of that name. */
  | 'unknown_job'
  /** An attempt took longer than its `timeout`. */
  | 'timeout'
  /** The handler said that trying again is of no use. */
  | 'unrecoverable'
  /** The handler failed. */
  | 'failed'
  /** A job that was waited for is dead or cancelled; the cause is what its record keeps of it. */
  | 'not_completed'
  /** A job that was waited for has left no record. */
  | 'unknown_outcome'
  /** The handler returned what JSON would not give back as it is, or too much to keep. */
  | 'outcome_refused'
  /** The handler waits for children all of which have ended before, and would for ever. */
  | 'children_ended'
  /** Events are asked for of a queue that records none. */
  | 'events_not_recorded'

const STATUS: Readonly<Partial<Record<JobErrorCode, number>>> = {
  invalid_data: 400,
  unknown_job: 404,
  timeout: 504,
}

/** A job could not be added or run. */
export class JobError extends InfrastructureError<JobErrorCode> {
  override readonly name: string = 'JobError'

  constructor(code: JobErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: STATUS[code] ?? 500 })
  }
}
