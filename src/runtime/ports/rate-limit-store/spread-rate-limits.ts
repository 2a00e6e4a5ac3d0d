import { checkRateLimits } from './check-rate-limits.ts'
import { checkConsumeOptions, checkLimitNames, checkSettlement } from './rate-limit-limits.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
  RateLimitStore,
} from './rate-limit-store.ts'

/** Where subjects live when they do not all live together. */
export interface RateLimitPlaces {
  /** Subjects with the same place are decided together. */
  placeOf(subject: string): string
  /** The place's own port. */
  open(place: string): Pick<RateLimitStore, 'consume' | 'settle' | 'reset'>
  /** An operation that nobody else has named. */
  newOperation(): string
}

/** Limits that live in one place, and which of the call's they are. */
interface Part<Limit> {
  readonly store: Pick<RateLimitStore, 'consume' | 'settle' | 'reset'>
  readonly limits: readonly Limit[]
  readonly indices: readonly number[]
}

/**
 * A {@link RateLimitStore} over several places. Each is asked at the same time under one operation;
 * what was taken is given back when another one denies, so limits are never exceeded, but for that
 * moment others may be denied.
 */
export function createSpreadRateLimits(
  places: RateLimitPlaces,
): Pick<RateLimitStore, 'consume' | 'settle' | 'reset'> {
  function divide<Limit extends RateLimitName>(
    subject: string,
    limits: readonly Limit[],
  ): readonly Part<Limit>[] {
    const parts = new Map<string, { limits: Limit[]; indices: number[] }>()
    for (const [index, limit] of limits.entries()) {
      const place = places.placeOf(limit.subject ?? subject)
      const part = parts.get(place) ?? { limits: [], indices: [] }
      part.limits.push(limit)
      part.indices.push(index)
      parts.set(place, part)
    }
    return [...parts].map(([place, part]) => ({ store: places.open(place), ...part }))
  }

  async function consumeParts(
    subject: string,
    parts: readonly Part<RateLimit>[],
    options: ConsumeOptions & { readonly operation: string },
  ): Promise<readonly RateLimitDecision[]> {
    const { operation, look = false } = options
    const answers = await Promise.allSettled(
      parts.map(({ store, limits }) => store.consume(subject, limits, options)),
    )
    const failed = answers.find((answer) => answer.status === 'rejected')
    const decided = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    const passes = decided.map((decisions) => decisions.every(({ allowed }) => allowed))
    if (failed === undefined && (look || passes.every(Boolean))) return inOrder(parts, decided)
    const standing = await Promise.all(
      parts.map(async ({ store, limits }, index) => {
        const decisions = decided[index] ?? []
        if (passes[index] !== true || decisions.length === 0 || look) return decisions
        const none = limits.map((limit) => ({ ...limit, cost: 0 }))
        // What cannot be given back is earned back; that it could not changes nothing about the
        // answer.
        const after = await store.settle(subject, none, operation).catch(() => null)
        return after ?? decisions
      }),
    )
    if (failed !== undefined) throw failed.reason
    return inOrder(parts, standing)
  }

  return {
    async consume(subject, limits, options = {}) {
      const rememberMs = checkConsumeOptions(checkRateLimits(subject, limits), options)
      const parts = divide(subject, limits)
      const [only] = parts
      if (only !== undefined && parts.length === 1)
        return only.store.consume(subject, limits, options)
      const { operation = places.newOperation(), look = false } = options
      return consumeParts(subject, parts, {
        operation,
        rememberMs: Math.max(rememberMs, GIVEN_BACK_WITHIN_MS),
        look,
      })
    },

    async settle(subject, limits, operation) {
      checkSettlement(checkRateLimits(subject, limits), operation)
      const parts = divide(subject, limits)
      const settled = await Promise.all(
        parts.map((part) => part.store.settle(subject, part.limits, operation)),
      )
      if (settled.every((decisions) => decisions === null)) return null
      const standing = await Promise.all(
        parts.map(async ({ store, limits: own }, index) => {
          const looks = own.map((limit) => ({ ...limit, cost: 0 }))
          return settled[index] ?? (await store.consume(subject, looks, { look: true }))
        }),
      )
      return inOrder(parts, standing)
    },

    async reset(subject, limits) {
      checkLimitNames(subject, limits)
      await Promise.all(
        divide(subject, limits).map((part) => part.store.reset(subject, part.limits)),
      )
    },
  }
}

/** How long a part that was taken can be given back at least. */
const GIVEN_BACK_WITHIN_MS = 60_000

function inOrder(
  parts: readonly Part<RateLimit>[],
  decided: readonly (readonly RateLimitDecision[])[],
): readonly RateLimitDecision[] {
  const decisions: RateLimitDecision[] = []
  for (const [at, { indices }] of parts.entries())
    for (const [place, index] of indices.entries()) {
      const decision = decided[at]?.[place]
      if (decision !== undefined) decisions[index] = decision
    }
  return decisions
}
