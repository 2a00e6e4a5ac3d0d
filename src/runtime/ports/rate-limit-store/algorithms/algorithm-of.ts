import { refuse } from '../rate-limit-limits.ts'
import type { AnyAlgorithm } from './algorithm.ts'
import { ban } from './ban.ts'
import { calendar } from './calendar.ts'
import { concurrency } from './concurrency.ts'
import { fixedWindow } from './fixed-window.ts'
import { gcra } from './gcra.ts'
import { slidingLog } from './sliding-log.ts'
import { slidingWindow } from './sliding-window.ts'

const algorithms: Readonly<Record<string, AnyAlgorithm>> = {
  gcra,
  'fixed-window': fixedWindow,
  'sliding-window': slidingWindow,
  'sliding-log': slidingLog,
  calendar,
  concurrency,
  ban,
}

/**
 * @returns The algorithm that a limit names
 * @throws RangeError when there is none of the name
 */
export function algorithmOf({ algorithm }: { readonly algorithm: string }): AnyAlgorithm {
  const known = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined
  if (known !== undefined) return known
  return refuse(`an algorithm is unknown, ${Object.keys(algorithms).join(', ')} expected`)
}
