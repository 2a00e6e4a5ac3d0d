import type { Clock } from '../../../ports/platform/clock.ts'
import type { Waker } from '../../../ports/waker/waker.ts'
import { readNumber } from './columns.ts'
import type { SqlDatabase } from './sql-database.ts'

/**
 * A waker that also wakes when another connection has written the file: each `lookMs` it compares
 * the number by which SQLite tells so, which costs some microseconds and no disk. It looks only
 * while somebody listens.
 */
export function createNeighbourWaker(
  waker: Required<Waker>,
  db: SqlDatabase,
  clock: Clock,
  lookMs: number,
): Required<Waker> & { close(): void } {
  const listeners = new Set<() => void>()
  let version: number | null = null
  let stopTimer: (() => void) | null = null

  function look(): void {
    stopTimer = clock.setTimer(look, lookMs)
    const seen = versionOf(db)
    const changed = version !== null && seen !== null && seen !== version
    version = seen ?? version
    if (changed) for (const wake of [...listeners]) wake()
  }

  function stop(): void {
    stopTimer?.()
    stopTimer = null
    version = null
  }

  return {
    wake: (queue, inMs) => waker.wake(queue, inMs),
    onWake(queue, listener) {
      const heard = (): void => listener()
      const stopListening = waker.onWake(queue, heard)
      listeners.add(heard)
      if (stopTimer === null) look()
      return () => {
        stopListening()
        if (listeners.delete(heard) && listeners.size === 0) stop()
      }
    },
    close: stop,
  }
}

/**
 * @returns A number that differs once another connection has written, or `null` when it cannot be
 *   told now
 */
function versionOf(db: SqlDatabase): number | null {
  try {
    const [row] = db.run('PRAGMA data_version')
    return row === undefined ? null : readNumber(row, 'data_version')
  } catch {
    // A look that failed is made again.
    return null
  }
}
