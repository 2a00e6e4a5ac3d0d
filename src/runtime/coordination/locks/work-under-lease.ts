import type { HeldLease } from './held-lease.ts'

/** What work gets that runs under a lease. */
export interface LeaseContext {
  /** Grows from holder to holder for ever: hand it to what you write to, and let that refuse smaller ones. */
  readonly token: number
  /** Aborts when the lease is lost, with the {@link import('./lock-error.ts').LockError}, or when the caller's own signal does. */
  readonly signal: AbortSignal
}

/**
 * Runs `work` under a held lease and ends the lease afterwards.
 *
 * @throws What `work` threw; otherwise the reason of the lease's signal when the lease was lost before `work` ended
 */
export async function workUnderLease<Result>(
  lease: HeldLease,
  signal: AbortSignal | undefined,
  work: (context: LeaseContext) => Promise<Result> | Result,
): Promise<Result> {
  try {
    lease.signal.throwIfAborted()
    const either = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal])
    const result = await work({ token: lease.token, signal: either })
    lease.signal.throwIfAborted()
    return result
  } finally {
    await lease.end()
  }
}
