import type { Waker } from '../ports/waker/waker.ts'

/**
 * Wakes for work that is durable already: a worker looks by itself when it is due, so a lost wake
 * only costs waiting, and must not make a caller believe that nothing was accepted.
 *
 * @param waker Absent: nobody is woken
 * @param inMs When there is work, as a job store answers it; `null` when there is none
 */
export async function tryWake(
  waker: Pick<Waker, 'wake'> | undefined,
  queue: string,
  inMs: number | null,
): Promise<void> {
  if (inMs === null) return
  try {
    await waker?.wake(queue, inMs)
  } catch {
    // See above.
  }
}
