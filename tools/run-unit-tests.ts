import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Totals } from './matrix.ts'
import { runProgram } from './run-program.ts'

/** How the unit tests ended. */
export interface UnitTestRun extends Totals {
  /** The names of those that were skipped. */
  readonly left: readonly string[]
  /** What the test runner says of the failures. */
  readonly output: string
}

/** The parts of vitest's JSON report that are read here. */
interface JsonReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Runs the unit tests on Node. */
export async function runUnitTests(root: string): Promise<UnitTestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'unit-tests-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const { code, output } = await runProgram('vitest', ['run', ...reporters], { cwd: root })
    const read = readReport(report)
    return { ...countsOf(read, code), left: namesOfSkipped(read), output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file that cannot be loaded has no failed test, an error outside of tests fails nothing but the exit code. */
function countsOf(report: JsonReport | undefined, code: number): Totals {
  const {
    numPassedTests = 0,
    numFailedTests = 0,
    numPendingTests = 0,
    numTodoTests = 0,
  } = report ?? {}
  const unseen = code !== 0 && numFailedTests === 0 ? 1 : 0
  return {
    passed: numPassedTests,
    failed: numFailedTests + unseen,
    skipped: numPendingTests + numTodoTests,
  }
}

function namesOfSkipped(report: JsonReport | undefined): string[] {
  const results = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? []
  return results
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => fullName)
}

function readReport(path: string): JsonReport | undefined {
  try {
    // Written by vitest just now.
    return JSON.parse(readFileSync(path, 'utf8')) as JsonReport
  } catch {
    return undefined
  }
}
