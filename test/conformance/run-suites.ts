import type { Suite } from './suite.ts'

/** One line of a run, as the runners print it and the summary reads it. */
export interface CaseResult {
  readonly runtime: string
  readonly subject: string
  readonly adapter: string
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly detail?: string
  /** How to do the same again. */
  readonly note?: string
}

/**
 * Runs every case, one after the other, and prints one JSON line for each.
 *
 * @param only Runs just the cases whose "subject adapter name" contains this text
 * @returns How many failed
 */
export async function runSuites(
  runtime: string,
  suites: readonly Suite[],
  print: (line: string) => void,
  only = '',
): Promise<number> {
  let failed = 0
  for (const { subject, adapter, cases } of suites) {
    for (const { name, excused, note, run } of cases) {
      if (!`${subject} ${adapter} ${name}`.includes(only)) continue
      const result = { runtime, subject, adapter, name }
      const told = note === undefined ? {} : { note }
      if (excused !== undefined) {
        print(
          JSON.stringify({ ...result, outcome: 'skipped', detail: excused } satisfies CaseResult),
        )
        continue
      }
      try {
        await run()
        print(JSON.stringify({ ...result, outcome: 'passed', ...told } satisfies CaseResult))
      } catch (error) {
        failed++
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
        print(
          JSON.stringify({ ...result, outcome: 'failed', detail, ...told } satisfies CaseResult),
        )
      }
    }
  }
  return failed
}
