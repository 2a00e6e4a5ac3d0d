import { slidingLog } from '../../../runtime/ports/rate-limit-store/algorithms/sliding-log.ts'
import { slidingWindow } from '../../../runtime/ports/rate-limit-store/algorithms/sliding-window.ts'
import { Decider } from '../deciding/decider.ts'
import { checkLimiterOptions, checkRateLimitingOptions } from '../deciding/rate-limiting-options.ts'
import { readLimit } from '../limits/read-limit.ts'
import { PlannedLimiter } from './rate-limiter.ts'
import type { WindowLimiterOptions } from './window-limiter-options.ts'

/** Options of {@link SlidingWindowLimiter}. */
export interface SlidingWindowOptions extends WindowLimiterOptions {
  /**
   * `counter` keeps two numbers a key and weighs the window before by what is still covered of it;
   * in the worst window nearly twice the limit pass. `log` remembers each request and never lets
   * more than the limit pass in any window; its `limit` is at most 1,000. Default `counter`.
   */
  readonly algorithm?: 'counter' | 'log'
}

const ACTION = 'create sliding window limiter'
const RULES = { 'sliding-window': slidingWindow, 'sliding-log': slidingLog } as const

/**
 * Lets `limit` units pass in a window that moves along with time.
 *
 * @example
 * const window = new SlidingWindowLimiter({ backend, limit: 100, window: '1m' })
 * const { allowed } = await window.check('user:42')
 */
export class SlidingWindowLimiter extends PlannedLimiter {
  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: SlidingWindowOptions) {
    checkLimiterOptions(ACTION, options, ['limit', 'window'], ['name', 'algorithm'])
    const settings = checkRateLimitingOptions(ACTION, options)
    const { limit, window, name, algorithm = 'counter' } = options
    if (algorithm !== 'counter' && algorithm !== 'log')
      throw new RangeError(
        `Cannot ${ACTION}: algorithm is ${JSON.stringify(algorithm)}, counter or log expected`,
      )
    const kind = algorithm === 'log' ? 'sliding-log' : 'sliding-window'
    const given = {
      ...({ algorithm: kind, limit, window } as const),
      ...(name !== undefined && { name }),
    }
    const planned = readLimit(ACTION, given, RULES)
    super(new Decider(settings), [planned])
  }
}
