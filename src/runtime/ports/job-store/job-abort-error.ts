const REASONS = {
  lease_lost: 'its lease is lost, another worker may have it',
  cancelled: 'it was cancelled',
  stopping: 'its worker is stopping',
} as const

/** Why a running job's signal aborted: the `reason` of its {@link AbortSignal}. */
export class JobAbortError extends Error {
  override readonly name = 'JobAbortError'
  readonly code: keyof typeof REASONS

  constructor(code: keyof typeof REASONS) {
    super(`Cannot go on with job: ${REASONS[code]}`)
    this.code = code
  }
}
