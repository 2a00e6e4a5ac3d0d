import type { Clock } from '../../ports/platform/clock.ts'

/** What of a Durable Object's `ctx.storage` an alarm needs. */
export interface AlarmStorage {
  setAlarm(at: number): Promise<void>
  deleteAlarm(): Promise<void>
}

/**
 * The one alarm of a Durable Object. Called in the same synchronous block as a write, it is
 * committed with that write.
 *
 * Each time the alarm is set, one row is written. So it is set only when it must wake earlier.
 */
export interface WakeAlarm {
  /** Sees to it that the alarm wakes `inMs` from now or earlier. */
  wakeWithin(inMs: number): void
  /** Makes the alarm wake `inMs` from now, or not at all. */
  wakeExactly(inMs: number | null): void
  /** Notes that the alarm has woken: none is set now. */
  fired(): void
}

/** An alarm this late was lost by the platform, as has been seen, and is set again. */
const LOST_AFTER_MS = 60_000

/** @param clock The platform's clock: alarms know no other */
export function createWakeAlarm(storage: AlarmStorage, clock: Clock): WakeAlarm {
  /** When it wakes; `undefined` while this object, newly started, does not know. */
  let setTo: number | null | undefined

  function set(at: number): void {
    setTo = at
    void storage.setAlarm(at)
  }

  /** Within an alarm's own handler an alarm of this very millisecond may not wake. */
  function instant(inMs: number): number {
    const now = clock.now()
    return Math.max(Math.ceil(now + inMs), now + 1)
  }

  return {
    wakeWithin(inMs) {
      const at = instant(inMs)
      const before = setTo ?? 0
      if (before > at || before < clock.now() - LOST_AFTER_MS) set(at)
    },
    wakeExactly(inMs) {
      if (inMs !== null) {
        const at = instant(inMs)
        if (setTo !== at) set(at)
      } else if (setTo !== null) {
        setTo = null
        void storage.deleteAlarm()
      }
    },
    fired() {
      setTo = null
    },
  }
}
