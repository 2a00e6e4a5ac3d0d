import type { Law } from '../../../../src/runtime/ports/conformance.ts'
import { runWorld, type WorldHarness } from '../../../simulation/run-world.ts'
import { suite, type Suite } from '../../suite.ts'

/** A {@link WorldHarness} with the worlds to be lived through. */
export interface JobSimulationHarness extends WorldHarness {
  /** One seed, or the first and the last as in `1-500`, where those that are due are not to be run. */
  readonly seeds?: string | undefined
}

/** How many worlds an adapter lives through in a second or two, and after which share of calls everything is compared. */
const DUE: Readonly<Record<string, readonly [worlds: number, curiosity: number]>> = {
  memory: [40, 0.3],
  sqlite: [12, 0.3],
  'redis-tcp': [6, 0.2],
  'redis-upstash': [2, 0.1],
  'durable-objects': [2, 0.1],
}

/** What queues promise while processes die, clocks jump and the network loses, doubles and delays what is said. */
export function jobSimulationSuites(
  adapter: string,
  harness: JobSimulationHarness,
): readonly Suite[] {
  const [worlds, curiosity] = DUE[adapter] ?? [2, 0.1]
  const seeds = readSeeds(harness.seeds || `1-${worlds}`)
  return [suite('JobQueue under faults', adapter, [lawOf(seeds, curiosity)], harness)]
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
function readSeeds(text: string): readonly number[] {
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const count = Number(last) - Number(first) + 1
  if (first !== '' && count >= 1)
    return Array.from({ length: count }, (_, index) => Number(first) + index)
  throw new RangeError(`Cannot read seeds ${JSON.stringify(text)}: 17 or 1-500 expected`)
}
