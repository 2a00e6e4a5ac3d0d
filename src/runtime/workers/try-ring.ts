import type { Doorbell } from '../ports/doorbell/doorbell.ts'

/**
 * Rings for work that is durable already: a worker looks by itself when it is due, so a lost ring only costs waiting, and must not make a
 * caller believe that nothing was accepted.
 *
 * @param doorbell Absent: nobody is rung
 * @param inMs When there is work, as a ledger answers it; `null` when there is none
 */
export async function tryRing(
  doorbell: Pick<Doorbell, 'ring'> | undefined,
  queue: string,
  inMs: number | null,
): Promise<void> {
  if (inMs === null) return
  try {
    await doorbell?.ring(queue, inMs)
  } catch {
    // See above.
  }
}
