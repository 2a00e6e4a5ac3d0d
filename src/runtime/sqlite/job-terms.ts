import type { JobFacts } from '../ports/job-state.ts'

/** What a job was added with and only a job that takes its place changes. */
export type StoredTerms = Pick<
  JobFacts,
  'priority' | 'maxAttempts' | 'keepCompletedMs' | 'keepDeadMs'
>

/** The jobs of a queue mostly have the same terms: the text last read and what it says. */
let last: { readonly text: string; readonly terms: StoredTerms } | undefined

/** The terms of a job as one column holds them, so that a row has few columns to read. */
export function encodeTerms(terms: StoredTerms): string {
  const { priority, maxAttempts, keepCompletedMs, keepDeadMs } = terms
  return JSON.stringify({ priority, maxAttempts, keepCompletedMs, keepDeadMs })
}

/** @param text Of {@link encodeTerms} */
export function decodeTerms(text: string): StoredTerms {
  if (last?.text !== text) last = { text, terms: JSON.parse(text) as StoredTerms }
  return last.terms
}

export function hasSameTerms(one: StoredTerms, other: StoredTerms): boolean {
  return (
    one.priority === other.priority &&
    one.maxAttempts === other.maxAttempts &&
    one.keepCompletedMs === other.keepCompletedMs &&
    one.keepDeadMs === other.keepDeadMs
  )
}
