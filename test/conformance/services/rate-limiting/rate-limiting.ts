import { suite, type Suite } from '../../suite.ts'
import { limiterLaws, type RateLimitingHarness } from './limiter-laws.ts'

/** What the rate limiting service promises on every backend. */
export function rateLimitingSuites(
  adapter: string,
  harness: RateLimitingHarness,
  lacks: Readonly<Record<string, string>>,
): readonly Suite[] {
  return [suite('Rate limiting', adapter, limiterLaws, harness, lacks)]
}
