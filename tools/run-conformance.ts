import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { CaseResult } from '../test/conformance/run-suites.ts'
import { runProgram } from './run-program.ts'
import { startPeers } from './start-peers.ts'

/** A program that prints one result a line, see `test/conformance/run-suites.ts`. */
interface Runner {
  readonly runtime: string
  /** What it runs; the subject of the failure where it ends without a result. */
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

const SOURCE = '--conditions=white-cross-source'

/** @returns As `SIMULATION_SEEDS`: the first of fresh worlds, the same on every runtime */
export function freshSeeds(): string {
  return `${randomInt(900_000_000)}+`
}

/**
 * Runs the laws on every runtime and the scenarios on Node.
 *
 * @param seeds Of simulated worlds, as `SIMULATION_SEEDS`
 * @param onResult Called as each case ends, with the name of its runner
 * @returns Every result, runner by runner
 */
export async function runConformance(
  root: string,
  seeds = process.env['SIMULATION_SEEDS'] || freshSeeds(),
  onResult: (result: CaseResult, runner: string) => void = () => {},
): Promise<readonly CaseResult[]> {
  await using peers = await startPeers()
  const env = { ...peers.env, SIMULATION_SEEDS: seeds }
  const waiting = runnersOf(root)
  const results = new Map(waiting.map((runner): [Runner, readonly CaseResult[]] => [runner, []]))
  const lane = async (): Promise<void> => {
    for (let runner = waiting.shift(); runner !== undefined; runner = waiting.shift()) {
      results.set(runner, await run(root, runner, env, onResult))
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, lane))
  return [...results.values()].flat()
}

function runnersOf(root: string): Runner[] {
  const scenarios = readdirSync(join(root, 'test/scenarios')).filter((file) => file.endsWith('.ts'))
  const laws = (runtime: string, ...command: [string, ...string[]]): Runner => ({
    runtime,
    name: `laws on ${runtime}`,
    command,
  })
  return [
    laws('node', 'node', SOURCE, 'test/runtimes/node.ts'),
    laws('deno', 'deno', 'run', '-A', '--quiet', SOURCE, 'test/runtimes/deno.ts'),
    laws('bun', 'bun', SOURCE, 'test/runtimes/bun.ts'),
    laws('workerd', 'node', 'tools/run-workerd.ts'),
    ...scenarios.map((file): Runner => ({
      runtime: 'node',
      name: `scenario ${file}`,
      command: ['node', SOURCE, `test/scenarios/${file}`],
    })),
  ]
}

async function run(
  root: string,
  runner: Runner,
  env: Readonly<Record<string, string>>,
  onResult: (result: CaseResult, runner: string) => void,
): Promise<readonly CaseResult[]> {
  const [program, ...args] = runner.command
  const results: CaseResult[] = []
  const { code, output } = await runProgram(program, args, {
    cwd: root,
    env,
    onLine(line) {
      const found = resultOf(line)
      results.push(...found)
      for (const result of found) onResult(result, runner.name)
    },
  })
  const told = results.some(({ outcome }) => outcome === 'failed')
  if (results.length > 0 && (code === 0 || told)) return results
  const detail = `It ended with code ${code} after ${results.length} results: ${output}`
  const { runtime, name } = runner
  return [
    ...results,
    { runtime, subject: name, adapter: '', name: 'ends well', outcome: 'failed', detail },
  ]
}

function resultOf(line: string): CaseResult[] {
  if (!line.startsWith('{"runtime":')) return []
  // Printed by our own runners, which are checked to keep to the type.
  return [JSON.parse(line) as CaseResult]
}
