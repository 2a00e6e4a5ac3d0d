import type { FullRateLimit } from '../full-rate-limit.ts'
import type { Algorithm } from './algorithm.ts'
import { ban } from './ban.ts'
import { calendar } from './calendar.ts'
import { concurrency } from './concurrency.ts'
import { fixedWindow } from './fixed-window.ts'
import { gcra } from './gcra.ts'
import { slidingLog } from './sliding-log.ts'
import { slidingWindow } from './sliding-window.ts'

const algorithms = {
  gcra,
  'fixed-window': fixedWindow,
  'sliding-window': slidingWindow,
  'sliding-log': slidingLog,
  calendar,
  concurrency,
  ban,
}

/** The names of all algorithms. */
export const ALGORITHMS: readonly string[] = Object.keys(algorithms)

/** The algorithm that a limit names. It only ever gets limits and states of its own kind. */
export function algorithmOf(
  limit: FullRateLimit,
): Algorithm<FullRateLimit, { readonly at: number }> {
  return algorithms[limit.algorithm]
}
