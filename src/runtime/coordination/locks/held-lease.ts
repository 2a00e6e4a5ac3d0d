import type { StoreChange } from '../../ports/atomic-store/atomic-store.ts'
import {
  dropKey,
  renewKey,
  takeKey,
  type Conflict,
  type LeasedKey,
  type LeaseTools,
} from './leased-key.ts'

/** A lease that renews itself, each third of its time, until it is stopped or lost. */
export interface HeldLease {
  /** Grows from holder to holder for ever: what the resource should compare (a fencing token). */
  readonly token: number
  /** Aborts when the lease is lost, or could not be confirmed before its end on this process's clock. */
  readonly signal: AbortSignal
  /** Stops renewing, and resolves when no renewal is on its way; the key stays as it is. */
  stop(): Promise<void>
  /** Stops renewing and gives the key up. A key that cannot be given up is free when its time has passed. */
  end(): Promise<void>
}

/** What {@link holdLease} needs. */
export interface HoldLeaseOptions extends LeasedKey, LeaseTools {
  /** The reason with which the signal aborts. */
  readonly lost: () => Error
}

/**
 * Takes a leased key together with `change`, in one commit, and keeps it.
 *
 * The end of the lease is measured by a timer that starts before each request is sent: the store, which starts later, never
 * gives the key away before this side knows, and a wall clock that jumps changes nothing.
 */
export async function holdLease(
  options: HoldLeaseOptions,
  change: StoreChange = {},
): Promise<{ readonly ok: true; readonly lease: HeldLease } | Conflict> {
  const { clock, ttlMs, lost } = options
  const abort = new AbortController()
  const aborted = new Promise<void>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let stopped = false
  let renewal: Promise<void> = Promise.resolve()
  let cancelRenewal = (): void => {}
  let cancelDeadline = clock.setTimer(lose, ttlMs)

  function lose(): void {
    cancelDeadline()
    cancelRenewal()
    if (!abort.signal.aborted) abort.abort(lost())
  }

  const taken = await takeKey(options, change, options).catch((error: unknown) => {
    cancelDeadline()
    throw error
  })
  if (!taken.ok) {
    cancelDeadline()
    return taken
  }
  let { hold } = taken

  function renewIn(ms: number): void {
    if (stopped || abort.signal.aborted) return
    cancelRenewal = clock.setTimer(() => {
      renewal = renew()
    }, ms)
  }

  async function renew(): Promise<void> {
    const cancelNext = clock.setTimer(lose, ttlMs)
    try {
      const renewed = await renewKey(options, hold, options)
      if (renewed === null) {
        cancelNext()
        return lose()
      }
      hold = renewed
      cancelDeadline()
      cancelDeadline = cancelNext
      renewIn(ttlMs / 3)
    } catch {
      // Whether the lease holds is decided by its deadline, which this renewal has not moved.
      cancelNext()
      renewIn(ttlMs / 10)
    }
  }

  async function stop(): Promise<void> {
    stopped = true
    cancelRenewal()
    // A store that hangs must not hold up more than the lease itself.
    await Promise.race([renewal, aborted])
    cancelDeadline()
  }

  async function end(): Promise<void> {
    await stop()
    await dropKey(options, hold, options).catch(() => {
      // Its time ends it.
    })
  }

  renewIn(ttlMs / 3)
  return { ok: true, lease: { token: hold.token, signal: abort.signal, stop, end } }
}
