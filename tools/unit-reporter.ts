import type { Reporter, TestCase } from 'vitest/node'

/** What the lines of {@link UnitReporter} begin with. */
export const UNIT_LINE = '{"unit":'

/** One line of a run: how a test ended. */
export interface UnitResult {
  readonly unit: string
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
  readonly file: string
  /** Why it was skipped, where the test says so. */
  readonly note?: string | undefined
}

/** Prints a line of JSON for each test as it ends, for `run-unit-tests.ts`. */
// oxlint-disable-next-line import/no-default-export -- how vitest finds a reporter
export default class UnitReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    const note = result.state === 'skipped' ? result.note : undefined
    const { fullName: unit, module } = test
    const line: UnitResult = { unit, state: result.state, file: module.moduleId, note }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}
