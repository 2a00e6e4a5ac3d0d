import { callQuietly } from '../../../primitives/call-quietly.ts'
import { keepLatest } from '../../../primitives/lru-cache.ts'
import type { Clock } from './clock.ts'
import { startStopwatch } from './deadline.ts'
import type { Report } from './report.ts'

/** Says a thing once a minute, and then how often it happened in between. */
export interface SparseReport {
  /** @param what Tells one thing from another; things of one `what` are said together */
  report(what: string, message: string, cause: unknown): void
}

const APART_MS = 60_000
const MOST_KEPT = 1000

export function createSparseReport(report: Report, clock: Clock): SparseReport {
  const elapsedMs = startStopwatch(clock)
  const said = new Map<string, { readonly at: number; readonly unsaid: number }>()
  return {
    report(what, message, cause) {
      const now = elapsedMs()
      const last = said.get(what)
      if (last !== undefined && now - last.at < APART_MS) {
        said.set(what, { at: last.at, unsaid: last.unsaid + 1 })
        return
      }
      keepLatest(said, MOST_KEPT, what, { at: now, unsaid: 0 })
      const more =
        last === undefined || last.unsaid === 0 ? '' : ` (and ${last.unsaid} times before)`
      callQuietly(() => report(`${message}${more}`, cause))
    },
  }
}
