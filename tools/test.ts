import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leftOut, MATRIX_PAGE, textMatrix, totalsOf, withMatrix, type Totals } from './matrix.ts'
import { printOutcome, runChecks } from './ok.ts'
import { createProgress } from './progress.ts'
import { freshSeeds, runConformance } from './run-conformance.ts'
import { runUnitTests } from './run-unit-tests.ts'
import { ensurePrograms } from './system-programs.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

const root = join(import.meta.dirname, '..')

useTemporaryFolder()
const progress = createProgress()

/** Everything there is to test, in the order in which a failure is cheapest to see. */
async function testEverything(): Promise<readonly Totals[]> {
  const missing = await ensurePrograms()
  if (missing.length > 0) {
    console.log(missing.join('\n'))
    return [{ passed: 0, failed: missing.length, skipped: 0 }]
  }
  return [await checks(), await unitTests(), await conformance()]
}

async function checks(): Promise<Totals> {
  console.log('Checks')
  progress.show('building')
  let done = 0
  const outcomes = await runChecks(root, (outcome) => {
    progress.clear()
    printOutcome(outcome)
    progress.show(`${++done} checks done`)
  })
  progress.clear()
  const failed = outcomes.filter(({ passed }) => !passed).length
  return { passed: outcomes.length - failed, failed, skipped: 0 }
}

async function unitTests(): Promise<Totals> {
  console.log('\nUnit tests')
  let [done, failed] = [0, 0]
  const { output, left, ...totals } = await runUnitTests(root, ({ state, unit }) => {
    done++
    if (state === 'failed') failed++
    progress.show(`${done} tests, ${failed} failed · ${unit}`)
  })
  progress.clear()
  console.log(totals.failed > 0 ? output : `ok   ${totals.passed} tests`)
  for (const name of left) console.log(`skipped: ${name}`)
  return totals
}

async function conformance(): Promise<Totals> {
  const seeds = process.env['SIMULATION_SEEDS'] || freshSeeds()
  console.log(`\nLaws and scenarios; simulated worlds: SIMULATION_SEEDS=${seeds}`)
  const counts = new Map<string, number>()
  let failed = 0
  const results = await runConformance(root, seeds, ({ outcome, subject }, runner) => {
    counts.set(runner, (counts.get(runner) ?? 0) + 1)
    if (outcome === 'failed') failed++
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    progress.show(`${total} cases, ${failed} failed · ${runner}: ${counts.get(runner)}, ${subject}`)
  })
  progress.clear()
  console.log(textMatrix(results))
  const totals = totalsOf(results)
  if (totals.failed > 0 || matrixIsCurrent(results)) return totals
  return { ...totals, failed: 1 }
}

function matrixIsCurrent(results: Parameters<typeof withMatrix>[1]): boolean {
  const missing = leftOut(results)
  if (missing.length > 0) {
    console.log(`\nNot compared with ${MATRIX_PAGE}, since not all of it can run here:`)
    console.log(missing.join('\n'))
    return true
  }
  const path = join(root, MATRIX_PAGE)
  const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if ((withMatrix(page, results) ?? page) === page) return true
  console.log(`\nFAIL the matrix in ${MATRIX_PAGE} is not what ran here: run npm run matrix`)
  return false
}

const all = await testEverything()
const sum = (key: keyof Totals): number =>
  all.map((totals) => totals[key]).reduce((a, b) => a + b, 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
if (sum('failed') > 0) process.exitCode = 1
