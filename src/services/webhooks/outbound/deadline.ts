import type { Clock } from '../../../runtime/ports/platform/clock.ts'

/** One end for all that a request does: its time limit, or its caller's wish. */
export interface Deadline<Reason> {
  /** Aborted at the end. */
  readonly signal: AbortSignal
  /** Why it has ended, `null` while it has not. */
  readonly reason: Reason | null
  /**
   * Waits for `pending` or the end, whichever comes first: what ignores its signal must not hold
   * the caller.
   *
   * @param onLate Gets the value that came after the end
   */
  wait<Value>(pending: Promise<Value>, onLate?: (value: Value) => void): Promise<Value>
  /** The request is over: nothing ends it any more. */
  release(): void
}

/**
 * Listens to the caller's signal once and to its own not at all: these listeners cost more than a
 * short request's signature.
 */
export function createDeadline<Reason extends {}>(
  clock: Clock,
  timeoutMs: number,
  reasons: { readonly timeout: Reason; readonly aborted: Reason },
  caller: AbortSignal | undefined,
): Deadline<Reason> {
  const abort = new AbortController()
  let reason: Reason | null = null
  let atEnd: (() => void) | null = null

  function end(why: Reason): void {
    if (reason !== null) return
    reason = why
    abort.abort(why)
    atEnd?.()
  }

  const cancelTimer = clock.setTimer(() => end(reasons.timeout), timeoutMs)
  const onCallerAbort = (): void => end(reasons.aborted)
  if (caller?.aborted === true) onCallerAbort()
  else caller?.addEventListener('abort', onCallerAbort, { once: true })

  return {
    signal: abort.signal,
    get reason() {
      return reason
    },
    wait: (pending, onLate = () => undefined) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => {
          pending.then(onLate, () => undefined)
          reject(new Error('ended'))
        }
        if (reason !== null) return giveUp()
        atEnd = giveUp
        const forget = (): void => void (atEnd = null)
        pending.then(forget, forget)
        pending.then(resolve, reject)
      }),
    release() {
      atEnd = null
      cancelTimer()
      caller?.removeEventListener('abort', onCallerAbort)
    },
  }
}
