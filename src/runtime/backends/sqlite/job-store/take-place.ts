import type { JobStoreParts } from './job-store-parts.ts'

/** @returns An order number behind all jobs that are ready, or ahead of them, even after the clock was set back */
export function takePlace(
  { jobs, sequence }: JobStoreParts,
  queue: string,
  priority: number,
  lifo: boolean,
): number {
  const furthest = jobs.furthest(queue, priority, lifo) ?? 0
  const seq = sequence.next(Math.max(lifo ? -furthest : furthest, 0))
  return lifo ? -seq : seq
}
