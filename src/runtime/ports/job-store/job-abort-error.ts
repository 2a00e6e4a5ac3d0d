import { InfrastructureError } from '../infrastructure-error.ts'

/** Stable codes of {@link JobAbortError}. */
export type JobAbortErrorCode =
  /** The lease could not be renewed in time, so another worker may have the job. */
  | 'lease_lost'
  /** Somebody cancelled the job while it ran. */
  | 'cancelled'
  /** The worker stops, and its grace is over. */
  | 'stopping'

const REASONS: Readonly<Record<JobAbortErrorCode, string>> = {
  lease_lost: 'its lease is lost, another worker may have it',
  cancelled: 'it was cancelled',
  stopping: 'its worker is stopping',
}

/** Why a running job's signal aborted: the `reason` of its {@link AbortSignal}. */
export class JobAbortError extends InfrastructureError<JobAbortErrorCode> {
  override readonly name = 'JobAbortError'

  constructor(code: JobAbortErrorCode) {
    super(code, `Cannot go on with job: ${REASONS[code]}`, {
      status: code === 'cancelled' ? 409 : 503,
    })
  }
}
