import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Totals } from './matrix.ts'
import { runProgram } from './run-program.ts'
import { UNIT_LINE, type UnitResult } from './unit-reporter.ts'

/** How the unit tests ended. */
export interface UnitTestRun extends Totals {
  /** Those that were skipped, and why. */
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
}

/** Runs the unit tests on Node. @param onResult Called as each test ends */
export async function runUnitTests(
  root: string,
  onResult: (result: UnitResult) => void = () => {},
): Promise<UnitTestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'unit-tests-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = [
      '--reporter=default',
      '--reporter=json',
      '--reporter=./tools/unit-reporter.ts',
    ]
    const left: string[] = []
    const { code, output } = await runProgram(
      'vitest',
      ['run', ...reporters, `--outputFile.json=${report}`],
      {
        cwd: root,
        onLine(line) {
          if (!line.startsWith(UNIT_LINE)) return
          // Printed by our own reporter.
          const result = JSON.parse(line) as UnitResult
          if (result.state === 'skipped') left.push(`${result.unit}: ${reasonOf(result)}`)
          onResult(result)
        },
      },
    )
    const plain = output.split('\n').filter((line) => !line.startsWith(UNIT_LINE))
    return { ...countsOf(readReport(report), code), left, output: plain.join('\n') }
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

/** What the test says; else whether it is one of those that read data from outside the repository. */
function reasonOf({ note, file }: UnitResult): string {
  if (note !== undefined && note !== '') return note
  return /\bshared\//.test(readFileSync(file, 'utf8'))
    ? 'its data is not there, it is kept beside the repository in ../shared'
    : 'it gives no reason'
}

function readReport(path: string): JsonReport | undefined {
  try {
    // Written by vitest just now.
    return JSON.parse(readFileSync(path, 'utf8')) as JsonReport
  } catch {
    return undefined
  }
}
