import { compareUtf8 } from '../../../primitives/compare-utf8.ts'
import type { MemoryJob } from './memory-job.ts'
import { SortedList } from './sorted-list.ts'

/** The jobs of one queue by their tags. A job without any is not in it. */
export interface TagIndex {
  add(job: MemoryJob): void
  /** Takes a job out under the tags that it has. */
  remove(job: MemoryJob): void
  /** The jobs with this tag, by when they were added. */
  jobs(tag: string): SortedList<MemoryJob>
}

export function createTagIndex(): TagIndex {
  const tags = new Map<string, SortedList<MemoryJob>>()
  return {
    add(job) {
      for (const tag of job.given.tags) {
        const jobs = tags.get(tag) ?? new SortedList<MemoryJob>(compareAdded)
        jobs.add(job)
        tags.set(tag, jobs)
      }
    },
    remove(job) {
      for (const tag of job.given.tags) {
        const jobs = tags.get(tag)
        jobs?.remove(job)
        if (jobs?.size === 0) tags.delete(tag)
      }
    },
    jobs: (tag) => tags.get(tag) ?? new SortedList<MemoryJob>(compareAdded),
  }
}

/** Orders jobs by when they were added. */
export function compareAdded(a: Added, b: Added): number {
  return a.addedAt - b.addedAt || compareUtf8(a.id, b.id)
}

type Added = Pick<MemoryJob, 'addedAt' | 'id'>
