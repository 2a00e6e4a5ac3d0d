import type { StoreChange } from '../../ports/atomic-store/atomic-store.ts'
import { startDeadline, type Deadline } from '../../ports/platform/deadline.ts'
import {
  dropKey,
  renewKey,
  takeKey,
  type Conflict,
  type KeyHold,
  type LeasedKey,
  type LeaseTools,
} from './leased-key.ts'

/** A lease that renews itself, each third of its time, until it is stopped or lost. */
export interface HeldLease {
  /**
   * Grows from holder to holder for ever: what the resource should compare (a fencing token). After
   * a failover of Redis as far as `redis()` says.
   */
  readonly token: number
  /**
   * Aborts when the lease is lost, or could not be confirmed before its end on this process's
   * clock.
   */
  readonly signal: AbortSignal
  /**
   * Throws the signal's reason when the lease has ended by now: also where the event loop was
   * blocked ever since, so that nothing could abort the signal.
   */
  throwIfLost(): void
  /** Stops renewing, and resolves when no renewal is on its way; the key stays as it is. */
  stop(): Promise<void>
  /**
   * Stops renewing and gives the key up. A key that cannot be given up is free when its time has
   * passed.
   *
   * @returns `false` where the store says that the key was no longer this owner's
   */
  end(): Promise<boolean>
}

/** What {@link holdLease} needs. */
export interface HoldLeaseOptions extends LeasedKey, LeaseTools {
  /** The reason with which the signal aborts. */
  readonly lost: () => Error
}

/**
 * Takes a leased key together with `change`, in one commit, and keeps it.
 *
 * The end of the lease is measured by elapsed time that starts before each request is sent: the
 * store, which starts later, never gives the key away before this side knows, and a wall clock that
 * jumps changes nothing.
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
  let deadline = startDeadline(clock, ttlMs, lose)

  function lose(): void {
    deadline.cancel()
    cancelRenewal()
    if (!abort.signal.aborted) abort.abort(lost())
  }

  const taken = await takeKey(options, change, options).catch((error: unknown) => {
    deadline.cancel()
    throw error
  })
  if (!taken.ok) {
    deadline.cancel()
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
    // A timer that comes too late, since the event loop was blocked, has nothing to renew.
    if (deadline.isOver()) return
    const next = startDeadline(clock, ttlMs, lose)
    try {
      const renewed = await renewKey(options, hold, options)
      // What the store answers after the end says nothing of the time in between.
      if (renewed !== null && !deadline.isOver()) return confirm(renewed, next)
      lose()
    } catch {
      // Whether the lease holds is decided by its deadline, which this renewal has not moved.
      renewIn(ttlMs / 10)
    }
    next.cancel()
  }

  function confirm(renewed: KeyHold, next: Deadline): void {
    hold = renewed
    deadline.cancel()
    deadline = next
    renewIn(ttlMs / 3)
  }

  async function stop(): Promise<void> {
    stopped = true
    cancelRenewal()
    // A store that hangs must not hold up more than the lease itself.
    await Promise.race([renewal, aborted])
    deadline.cancel()
  }

  async function end(): Promise<boolean> {
    await stop()
    // Where the store does not answer, its time ends it.
    return dropKey(options, hold, options).catch(() => true)
  }

  function throwIfLost(): void {
    deadline.isOver()
    abort.signal.throwIfAborted()
  }

  renewIn(ttlMs / 3)
  const { token } = hold
  return { ok: true, lease: { token, signal: abort.signal, throwIfLost, stop, end } }
}
