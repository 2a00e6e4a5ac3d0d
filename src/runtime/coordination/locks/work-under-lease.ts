import type { HeldLease } from './held-lease.ts'
import type { LeaseOptions } from './lease-options.ts'

/** What work gets that runs under a lease. */
export interface LeaseContext {
  /**
   * Grows from holder to holder for ever: hand it to what you write to, and let that refuse smaller
   * ones.
   */
  readonly token: number
  /**
   * Aborts when the lease is lost, with the {@link import('./lock-error.ts').LockError}, or when
   * the caller's own signal does.
   */
  readonly signal: AbortSignal
}

/** What runs under a lock, or in a slot of a semaphore. */
export type LockedWork<Result> = (context: LeaseContext) => Promise<Result> | Result

/**
 * Tells the options from the work, in whichever order they were given.
 *
 * @throws TypeError unless exactly one of the two is a function
 */
export function workAndOptions<Result>(
  first: LeaseOptions | LockedWork<Result>,
  second: LeaseOptions | LockedWork<Result> | undefined,
): readonly [options: LeaseOptions | undefined, work: LockedWork<Result>] {
  const [options, work] = typeof first === 'function' ? [second, first] : [first, second]
  if (typeof work === 'function' && typeof options !== 'function') return [options, work]
  throw new TypeError('Cannot run under lock: no single function given, options and one expected')
}

/**
 * Runs `work` under a held lease and ends the lease afterwards.
 *
 * @param lost The error for a key that the store had already given to somebody else
 * @throws What `work` threw; otherwise the error for a lease that was lost before `work` ended
 */
export async function workUnderLease<Result>(
  lease: HeldLease,
  signal: AbortSignal | undefined,
  lost: () => Error,
  work: LockedWork<Result>,
): Promise<Result> {
  let result: Result
  try {
    lease.throwIfLost()
    const either = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal])
    result = await work({ token: lease.token, signal: either })
    lease.throwIfLost()
  } catch (error) {
    await lease.end()
    throw error
  }
  // Some platforms' clocks stand still while code runs, but the store's does not.
  if (!(await lease.end())) throw lost()
  return result
}
