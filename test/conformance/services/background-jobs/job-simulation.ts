import type { Law } from '../../../../src/runtime/ports/conformance.ts'
import { runWorld, type WorldHarness } from '../../../simulation/run-world.ts'
import { suite, type Suite } from '../../suite.ts'

/** A {@link WorldHarness} with the worlds to be lived through. */
export interface JobSimulationHarness extends WorldHarness {
  /**
   * One seed, the first and the last as in `1-500`, or the first of as many as are due as in `17+`.
   * Default: fresh ones.
   */
  readonly seeds?: string | undefined
}

/** How many worlds an adapter lives through in a second or two, and after which share of calls everything is compared. */
const DUE: Readonly<Record<string, readonly [worlds: number, curiosity: number]>> = {
  memory: [16, 0.3],
  sqlite: [6, 0.3],
  'redis-tcp': [3, 0.2],
  'redis-upstash': [2, 0.1],
  'durable-objects': [2, 0.1],
}

/** What queues promise while processes die, clocks jump and the network loses, doubles and delays what is said. */
export function jobSimulationSuites(
  adapter: string,
  harness: JobSimulationHarness,
): readonly Suite[] {
  const [worlds, curiosity] = DUE[adapter] ?? [2, 0.1]
  const seeds = readSeeds(harness.seeds || `${freshSeed()}+`, worlds)
  const { cases, ...bound } = suite(
    'JobQueue under faults',
    adapter,
    [lawOf(seeds, curiosity)],
    harness,
  )
  const note = `seeds ${seeds[0]} to ${seeds.at(-1)}`
  return [{ ...bound, cases: cases.map((each) => ({ ...each, note })) }]
}

function lawOf(seeds: readonly number[], curiosity: number): Law<JobSimulationHarness> {
  return {
    name: 'no job is lost, none is settled twice, and limits, order and wakes hold, whatever fails',
    async run(harness) {
      for (const seed of seeds) await runWorld({ seed, harness, curiosity })
    },
  }
}

/** @throws RangeError when the text is neither a seed nor a range of them */
function readSeeds(text: string, due: number): readonly number[] {
  const [, first = '', more = `-${first}`] = /^(\d{1,9})(\+|-\d{1,9})?$/.exec(text) ?? []
  const count = more === '+' ? due : Number(more.slice(1)) - Number(first) + 1
  if (first !== '' && count >= 1)
    return Array.from({ length: count }, (_, index) => Number(first) + index)
  throw new RangeError(`Cannot read seeds ${JSON.stringify(text)}: 17, 1-500 or 17+ expected`)
}

function freshSeed(): number {
  const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1))
  return drawn % 900_000_000
}
