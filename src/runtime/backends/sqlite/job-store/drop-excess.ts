import { applyEvent } from './apply-event.ts'
import type { JobStoreParts } from './job-store-parts.ts'

/** Drops what is more than the jobs that ended in this call let stay, those first whose keeping ends first. */
export function dropExcess(parts: JobStoreParts, queue: string, now: number): void {
  for (const { state, most, drops } of parts.bounds.take()) {
    const excess = parts.jobs.count(queue, state, now) - most
    if (excess <= 0) continue
    for (const job of parts.jobs.due(queue, state, { after: now }, Math.min(excess, drops)))
      applyEvent(parts, queue, job, { type: 'remove' }, now)
  }
}
