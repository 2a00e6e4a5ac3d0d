import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/** Stable codes of {@link SagaError}. */
export type SagaErrorCode =
  /** The id was used for a saga with other input. */
  | 'saga_conflict'
  /** Another driver runs this saga now. */
  | 'saga_in_progress'
  /** The lease ended while a step ran: another driver may go on with the saga. */
  | 'saga_lost'
  /** No saga of that id is kept. */
  | 'saga_unknown'
  /** Only a stuck saga takes this command. */
  | 'saga_not_stuck'
  /** The saga was begun by a version that this code does not know. */
  | 'saga_version'
  /** The orchestrator was made without a job store. */
  | 'saga_no_job_store'
  /** An attempt took longer than its step's `timeout`. */
  | 'saga_timeout'
  /**
   * A step returned what is no JSON, or more than the journal keeps: the step counts as failed,
   * though its effect happened.
   */
  | 'saga_result'
  /** What the store holds under the saga's key is no record of this library. */
  | 'saga_record'

const STATUS: Readonly<Record<SagaErrorCode, number>> = {
  saga_conflict: 409,
  saga_in_progress: 409,
  saga_lost: 503,
  saga_unknown: 404,
  saga_not_stuck: 409,
  saga_version: 503,
  saga_no_job_store: 500,
  saga_timeout: 504,
  saga_result: 500,
  saga_record: 500,
}

const RETRYABLE: ReadonlySet<SagaErrorCode> = new Set([
  'saga_in_progress',
  'saga_lost',
  'saga_version',
  'saga_timeout',
])

/**
 * A saga could not be run or changed. That a saga was compensated or is stuck is an outcome, not an
 * error.
 */
export class SagaError extends InfrastructureError<SagaErrorCode> {
  override readonly name = 'SagaError'
  /**
   * With `saga_in_progress`: when the saga is free at the latest, should its driver have crashed.
   */
  readonly retryAfterMs: number | undefined
  /** Whether the same call may succeed later. */
  readonly retryable: boolean

  constructor(
    code: SagaErrorCode,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(code, message, { ...options, status: STATUS[code] })
    this.retryable = RETRYABLE.has(code)
    this.retryAfterMs = retryAfterMs
  }
}
