import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

/** One thing that must hold of the tree before anything is run. */
interface Check {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

/** How a {@link Check} ended. */
export interface CheckOutcome {
  readonly name: string
  readonly passed: boolean
  readonly ms: number
  /** All it said. */
  readonly output: string
}

/** How much of what a failed check says is shown here; run alone, it says all. */
const SHOWN_LINES = 80

/** Some checks look at what it makes, so it goes first and alone. */
const build: Check = { name: 'build', command: ['node', 'tools/build.ts'] }

/** The slow ones first, so that the quick ones fill the gaps. */
const checks: readonly Check[] = [
  { name: 'package', command: ['node', 'tools/check-package.ts'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'examples', command: ['node', 'tools/check-examples.ts'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'types of src', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types of tests and tools', command: ['tsc', '-p', 'tsconfig.test.json'] },
  { name: 'types of workers', command: ['tsc', '-p', 'tsconfig.worker.json'] },
  { name: 'jsr', command: ['deno', 'publish', '--dry-run', '--allow-dirty', '--quiet'] },
  { name: 'lock', command: ['npm', 'ci', '--dry-run', '--offline', '--ignore-scripts'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'rooms', command: ['node', 'tools/check-rooms.ts'] },
  { name: 'exports', command: ['node', 'tools/check-exports.ts'] },
  { name: 'errors', command: ['node', 'tools/check-errors.ts'] },
  { name: 'prose', command: ['node', 'tools/check-prose.ts'] },
  { name: 'docs', command: ['node', 'tools/check-docs.ts'] },
  { name: 'api', command: ['node', 'tools/check-api.ts'] },
  {
    name: 'client',
    command: ['node', '--conditions=white-cross-source', 'tools/write-client.ts'],
  },
]

/** Runs every check, as many at a time as there are processors. @param onOutcome Called as each one ends */
export async function runChecks(
  root: string,
  onOutcome: (outcome: CheckOutcome) => void,
): Promise<readonly CheckOutcome[]> {
  const outcomes: CheckOutcome[] = []
  const waiting = [...checks]
  const run = async ({ name, command: [program, ...args] }: Check): Promise<void> => {
    const start = performance.now()
    const { code, output } = await runProgram(program, args, { cwd: root })
    const outcome = { name, passed: code === 0, ms: performance.now() - start, output }
    outcomes.push(outcome)
    onOutcome(outcome)
  }
  const lane = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) await run(check)
  }
  await run(build)
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, lane))
  return outcomes
}

/** Prints one line for a check, and what it said where it failed. */
export function printOutcome({ name, passed, ms, output }: CheckOutcome): void {
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${(ms / 1000).toFixed(1)} s)`)
  if (passed) return
  const lines = output.trimEnd().split('\n')
  for (const line of lines.slice(0, SHOWN_LINES)) console.log(`       ${line}`)
  if (lines.length > SHOWN_LINES) console.log(`       and ${lines.length - SHOWN_LINES} lines more`)
}

if (import.meta.main) {
  useTemporaryFolder()
  const outcomes = await runChecks(join(import.meta.dirname, '..'), printOutcome)
  const failed = outcomes.filter(({ passed }) => !passed).length
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}
