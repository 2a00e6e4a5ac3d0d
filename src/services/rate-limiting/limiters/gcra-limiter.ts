import { gcra } from '../../../runtime/ports/rate-limit-store/algorithms/gcra.ts'
import { Decider } from '../deciding/decider.ts'
import { checkLimiterOptions, checkRateLimitingOptions } from '../deciding/rate-limiting-options.ts'
import { readLimit } from '../limits/read-limit.ts'
import { PlannedLimiter } from './rate-limiter.ts'
import type { WindowLimiterOptions } from './window-limiter-options.ts'

/** Options of {@link GcraLimiter}. */
export interface GcraOptions extends WindowLimiterOptions {
  /** Units that may come at once. Default: `limit`; 1 spaces requests evenly. */
  readonly burst?: number
  /**
   * Makes `limit` the most that can pass in any window whatsoever: units are earned at
   * `limit − burst` a window, and `burst` is by default half of the limit. Default `false`.
   */
  readonly hardCap?: boolean
}

const ACTION = 'create GCRA limiter'

/**
 * The leaky bucket, by the generic cell rate algorithm (ITU-T I.371): units are earned back without
 * pause, one each `window / limit`. It keeps one number a key, and on Redis costs two commands.
 *
 * @example
 * const gcra = new GcraLimiter({ backend, limit: 100, window: '1m', hardCap: true })
 * const { allowed } = await gcra.check('user:42') // never more than 100 in any minute
 */
export class GcraLimiter extends PlannedLimiter {
  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: GcraOptions) {
    checkLimiterOptions(ACTION, options, ['limit', 'window'], ['name', 'burst', 'hardCap'])
    const settings = checkRateLimitingOptions(ACTION, options)
    const { limit, window, name, burst, hardCap } = options
    const given = {
      ...{ limit, window },
      ...(name !== undefined && { name }),
      ...(burst !== undefined && { burst }),
      ...(hardCap !== undefined && { hardCap }),
    }
    const planned = readLimit(ACTION, given, { gcra })
    super(new Decider(settings), [planned])
  }
}
