import { checkOptions } from '../../../primitives/check-options.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import {
  checkRateLimitingOptions,
  RATE_LIMITING_OPTIONS,
  type RateLimitingOptions,
} from '../deciding/rate-limiting-options.ts'

let configured: RateLimitingOptions | undefined

/**
 * Chooses what `checkRateLimit` goes by, once for the program.
 *
 * @param options `undefined` takes the choice back
 * @throws TypeError or RangeError when an option is malformed
 *
 * @example
 * configureRateLimiting({ backend: sqlite('limits.db') })
 * const { allowed } = await checkRateLimit('user:42', { limit: 100, window: '1m' })
 */
export function configureRateLimiting(options: RateLimitingOptions | undefined): void {
  if (options !== undefined) {
    checkOptions('configure rate limiting', options, ['backend'], RATE_LIMITING_OPTIONS)
    checkRateLimitingOptions('configure rate limiting', options)
  }
  configured = options
}

/**
 * @param given What a call has of its own
 * @throws NotConfiguredError when there is no backend
 */
export function configuredRateLimiting(
  action: string,
  given: Partial<RateLimitingOptions>,
): RateLimitingOptions {
  const backend = given.backend ?? configured?.backend
  if (backend === undefined)
    throw new NotConfiguredError(action, 'configureRateLimiting({ backend })')
  const own = RATE_LIMITING_OPTIONS.filter((name) => given[name] !== undefined)
  return {
    ...configured,
    ...Object.fromEntries(own.map((name) => [name, given[name]])),
    backend,
  }
}
