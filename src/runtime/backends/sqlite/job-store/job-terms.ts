import type { JobFacts } from '../../../ports/job-store/job-state.ts'
import type { KeptCounts } from '../../../ports/job-store/kept-bounds.ts'

/** What a job was added with and only a job that takes its place changes. */
export interface StoredTerms
  extends
    KeptCounts,
    Pick<JobFacts, 'priority' | 'maxAttempts' | 'keepCompletedMs' | 'keepDeadMs'> {}

const UNBOUNDED: KeptCounts = { keepCompletedCount: null, keepDeadCount: null }

/** The jobs of a queue mostly have the same terms: the text last read and what it says. */
let last: { readonly text: string; readonly terms: StoredTerms } | undefined

/** The terms of a job as one column holds them, so that a row has few columns to read. */
export function encodeTerms(terms: StoredTerms): string {
  const { priority, maxAttempts, keepCompletedMs, keepDeadMs } = terms
  return JSON.stringify({
    priority,
    maxAttempts,
    keepCompletedMs,
    keepDeadMs,
    // Left out where there is none.
    keepCompletedCount: terms.keepCompletedCount ?? undefined,
    keepDeadCount: terms.keepDeadCount ?? undefined,
  })
}

/** @param text Of {@link encodeTerms} */
export function decodeTerms(text: string): StoredTerms {
  if (last?.text !== text)
    last = { text, terms: { ...UNBOUNDED, ...(JSON.parse(text) as StoredTerms) } }
  return last.terms
}

export function hasSameTerms(one: StoredTerms, other: StoredTerms): boolean {
  return (
    one.priority === other.priority &&
    one.maxAttempts === other.maxAttempts &&
    one.keepCompletedMs === other.keepCompletedMs &&
    one.keepDeadMs === other.keepDeadMs &&
    one.keepCompletedCount === other.keepCompletedCount &&
    one.keepDeadCount === other.keepDeadCount
  )
}
