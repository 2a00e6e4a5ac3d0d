import { fixedWindow } from '../../../runtime/ports/rate-limit-store/algorithms/fixed-window.ts'
import { gcra } from '../../../runtime/ports/rate-limit-store/algorithms/gcra.ts'
import { slidingLog } from '../../../runtime/ports/rate-limit-store/algorithms/sliding-log.ts'
import { slidingWindow } from '../../../runtime/ports/rate-limit-store/algorithms/sliding-window.ts'
import type { LimitRules } from './read-limit.ts'

/** All that a limit may name, for those who are told the algorithm with the limit. */
export const LIMIT_RULES: LimitRules = {
  gcra,
  'fixed-window': fixedWindow,
  'sliding-window': slidingWindow,
  'sliding-log': slidingLog,
}
