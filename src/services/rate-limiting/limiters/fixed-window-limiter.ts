import { fixedWindow } from '../../../runtime/ports/rate-limit-store/algorithms/fixed-window.ts'
import { Decider } from '../deciding/decider.ts'
import { checkLimiterOptions, checkRateLimitingOptions } from '../deciding/rate-limiting-options.ts'
import { readLimit } from '../limits/read-limit.ts'
import { PlannedLimiter } from './rate-limiter.ts'
import type { WindowLimiterOptions } from './window-limiter-options.ts'

const ACTION = 'create fixed window limiter'

/**
 * Lets `limit` units pass in each window, from multiples of its length since 1970. Around the end
 * of a window up to twice the limit can pass at once.
 *
 * @example
 * const window = new FixedWindowLimiter({ backend, limit: 1000, window: '1h' })
 * const { allowed, resetAt } = await window.check('user:42')
 */
export class FixedWindowLimiter extends PlannedLimiter {
  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: WindowLimiterOptions) {
    checkLimiterOptions(ACTION, options, ['limit', 'window'], ['name'])
    const settings = checkRateLimitingOptions(ACTION, options)
    const { limit, window, name } = options
    const given = {
      ...({ algorithm: 'fixed-window', limit, window } as const),
      ...(name !== undefined && { name }),
    }
    const planned = readLimit(ACTION, given, { 'fixed-window': fixedWindow })
    super(new Decider(settings), [planned])
  }
}
