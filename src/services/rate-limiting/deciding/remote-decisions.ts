import type {
  ConsumeOptions,
  RateLimitDecision,
  RateLimitName,
} from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { PreparedRateLimits } from '../../../runtime/ports/rate-limit-store/read-rate-limit.ts'
import { SUBJECT_PREFIX } from '../limits/subject-of.ts'
import type { RateLimitOutcome } from './outcome.ts'
import type { DecisionSettings } from './rate-limiting-options.ts'
import { accessOf } from './store-access.ts'

/** Decisions, and who made them. */
export interface Decided {
  readonly decidedBy: RateLimitOutcome['decidedBy']
  readonly decisions: readonly RateLimitDecision[]
}

/**
 * Decisions of a store that is elsewhere: it may fail or be late, and need not be asked again about
 * who is denied.
 */
export interface RemoteDecisions {
  decide(key: string, limits: PreparedRateLimits, options: ConsumeOptions): Promise<Decided>
  /** @throws BackendError when the store failed */
  settle(
    key: string,
    limits: PreparedRateLimits,
    operation: string,
  ): Promise<readonly RateLimitDecision[] | null>
  /** @throws BackendError when the store failed */
  reset(key: string, limits: readonly RateLimitName[]): Promise<void>
}

export function createRemoteDecisions(settings: DecisionSettings): RemoteDecisions {
  const { clock, timeoutMs, denialMaxAgeMs, onError, onFailure } = settings
  const access = accessOf(settings.store, clock)
  const { denials } = access
  /** What is asked, in a text, by the prepared limits. */
  const texts = new WeakMap<PreparedRateLimits, string>()

  function textOf(limits: PreparedRateLimits): string {
    const known = texts.get(limits) ?? JSON.stringify(limits.asked)
    texts.set(limits, known)
    return known
  }

  function decideWithoutStore(
    subject: string,
    limits: PreparedRateLimits,
    options: ConsumeOptions,
  ): Decided {
    if (onError === 'local') return by('local', access.fallback.consume(subject, limits, options))
    const retryAfterMs = onError === 'allow' ? 0 : Math.max(access.restMs(), 1)
    const decisions = limits.asked.map(({ name }) => ({
      name,
      allowed: onError === 'allow',
      remaining: 0,
      retryAfterMs,
      nextAfterMs: retryAfterMs,
      resetAfterMs: retryAfterMs,
      waitMs: 0,
    }))
    return by('failure', decisions)
  }

  return {
    async decide(key, limits, options) {
      const subject = SUBJECT_PREFIX + key
      // An operation may have paid before, and who looks wants to know how it is.
      const isCached =
        denialMaxAgeMs > 0 && options.operation === undefined && options.look !== true
      const text = isCached ? textOf(limits) : ''
      const known = isCached ? denials.get(subject, text, clock.now()) : null
      if (known !== null) return by('cache', known)
      try {
        const decisions = await access.call(timeoutMs, (store) =>
          store.consume(subject, limits.asked, options),
        )
        if (isCached && decisions.some(({ allowed }) => !allowed))
          denials.set(subject, text, decisions, clock.now(), denialMaxAgeMs)
        return by('store', decisions)
      } catch (error) {
        onFailure(error)
        return decideWithoutStore(subject, limits, options)
      }
    },

    async settle(key, limits, operation) {
      const subject = SUBJECT_PREFIX + key
      denials.forget(subject)
      // While the store failed, the operation may have been charged here.
      const own = access.fallback.settle(subject, limits, operation)
      if (own !== null) return own
      return access.call(timeoutMs, (store) => store.settle(subject, limits.asked, operation))
    },

    async reset(key, limits) {
      const subject = SUBJECT_PREFIX + key
      denials.forget(subject)
      access.fallback.reset(subject, limits)
      await access.call(timeoutMs, (store) => store.reset(subject, limits))
      // A decision that was on its way may have been remembered since.
      denials.forget(subject)
    },
  }
}

function by(decidedBy: Decided['decidedBy'], decisions: readonly RateLimitDecision[]): Decided {
  return { decidedBy, decisions }
}
