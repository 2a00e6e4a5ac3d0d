import type { Delivery } from './delivery.ts'

/**
 * What is still to be attempted stays for at least so long after its next attempt is due: a queue
 * may be behind, however short the retention is.
 */
const UNSETTLED_MS = 3_600_000

/** Until when a new delivery is kept, its event with it. */
export function keepNew(now: number, retentionMs: number): number {
  return now + Math.max(retentionMs, UNSETTLED_MS)
}

/** Until when a delivery is kept at least whose next attempt is due at `at`. */
export function keepUnsettled(at: number): number {
  return at + UNSETTLED_MS
}

/** Whether a delivery that waits until `at` must be kept for longer than it is. */
export function outlivesWait({ keepUntil }: Delivery, at: number): boolean {
  return keepUntil - at >= UNSETTLED_MS / 2
}

/**
 * Until when a delivery is kept that no attempt follows any more: the retention counts from its
 * event, and where that is over already, from now.
 *
 * @param createdAt When its event was published, or it was last sent again by hand
 */
export function keepSettled(createdAt: number, now: number, retentionMs: number): number {
  const until = createdAt + retentionMs
  return until > now ? until : now + retentionMs
}
