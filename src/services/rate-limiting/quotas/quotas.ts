import { checkOptions } from '../../../primitives/check-options.ts'
import { Decider } from '../deciding/decider.ts'
import type { RateLimitOutcome } from '../deciding/outcome.ts'
import {
  checkLimiterOptions,
  checkRateLimitingOptions,
  type DecisionSettings,
} from '../deciding/rate-limiting-options.ts'
import { createPlan, type LimitPlan } from '../limits/limit-plan.ts'
import { checkCost } from '../limits/read-limit.ts'
import type { QuotasOptions, QuotaUsage } from './quota-options.ts'
import { readPlans, type ReadQuota } from './read-quota.ts'

/** Which plan and how much. */
export interface QuotaRequest {
  /** Needed where there is more than one plan. */
  readonly plan?: string
  /** How much of which unit; those that are not named are left alone. */
  readonly units: Readonly<Record<string, number>>
}

/** What {@link Quotas.consume} answers. */
export interface QuotaOutcome {
  readonly allowed: boolean
  /** How each unit that was asked for stands now. */
  readonly usage: Readonly<Record<string, QuotaUsage>>
  /** The units that did not fit. */
  readonly exceeded: readonly string[]
  /** Until the same request could fit, in ms. */
  readonly retryAfterMs: number
  /** What the limits said, e.g. for `rateLimitHeaders`. */
  readonly outcome: RateLimitOutcome
}

/** Units that were set aside before it is known how many are needed. */
export interface QuotaReservation extends QuotaOutcome {
  /**
   * Names the reservation, for {@link Quotas.commit} in another process; `null` when it was not
   * allowed.
   */
  readonly operation: string | null
}

const ACTION = 'use quota'
/** How long a reservation can be corrected. What is not corrected then stays used. */
const REMEMBER_MS = 86_400_000

/**
 * Quotas of plans, by the calendar of a place or rolling, of several units at once: all of them or
 * none.
 *
 * @example
 * const quotas = new Quotas({ backend, plans: { free: {
 *   requests: { limit: 1000, period: 'month', timeZone: 'Europe/Berlin', thresholds: [0.8, 1] },
 * } } })
 * const { allowed, usage } = await quotas.consume('org:7', { units: { requests: 1 } })
 */
export class Quotas {
  readonly #decider: Decider
  readonly #settings: DecisionSettings
  readonly #plans: ReadonlyMap<string, ReadonlyMap<string, ReadQuota>>
  readonly #onThreshold: QuotasOptions['onQuotaThreshold']

  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: QuotasOptions) {
    const action = 'create quotas'
    checkLimiterOptions(action, options, ['plans'], ['onQuotaThreshold'])
    const { onQuotaThreshold } = options
    if (onQuotaThreshold !== undefined && typeof onQuotaThreshold !== 'function')
      throw new TypeError(
        `Cannot ${action}: onQuotaThreshold is a ${typeof onQuotaThreshold}, a function expected`,
      )
    this.#plans = readPlans(action, options.plans)
    this.#settings = checkRateLimitingOptions(action, options)
    this.#decider = new Decider(this.#settings)
    this.#onThreshold = onQuotaThreshold
  }

  /**
   * Uses units of the key's quotas: all that are asked for, or none when one does not fit. One
   * round trip.
   */
  async consume(key: string, request: QuotaRequest): Promise<QuotaOutcome> {
    return this.#take(key, request, undefined)
  }

  /**
   * Sets units aside for work whose cost is known afterwards: then {@link Quotas.commit} or
   * {@link Quotas.refund} it, within a day. What is neither stays used.
   */
  async reserve(
    key: string,
    request: QuotaRequest & { readonly operation?: string },
  ): Promise<QuotaReservation> {
    const { operation = this.#decider.newOperation(), ...asked } = request
    const taken = await this.#take(key, asked, operation)
    return { ...taken, operation: taken.allowed ? taken.outcome.operation : null }
  }

  /**
   * Corrects a reservation to what was needed, more or less. More is used even where it does not
   * fit, down to nothing left.
   *
   * @param request The units that were reserved, with what each has cost
   * @returns `null` when the reservation is not known (any more)
   */
  async commit(
    key: string,
    request: QuotaRequest & { readonly operation: string | null },
  ): Promise<Readonly<Record<string, QuotaUsage>> | null> {
    const { operation, ...asked } = request
    if (typeof operation !== 'string')
      throw new TypeError(
        'Cannot commit quota: there is no operation, that of a reservation expected',
      )
    const { units, plan } = this.#read(asked)
    const costs = units.map(({ cost }) => cost)
    const settled = await this.#decider.settle('commit quota', key, plan, operation, costs)
    return settled === null ? null : this.#usageOf(units, settled)
  }

  /** Gives a reservation back, once. @returns `null` when it is not known (any more) */
  async refund(
    key: string,
    request: QuotaRequest & { readonly operation: string | null },
  ): Promise<Readonly<Record<string, QuotaUsage>> | null> {
    const none = Object.fromEntries(Object.keys(request?.units ?? {}).map((unit) => [unit, 0]))
    return this.commit(key, { ...request, units: none })
  }

  /** How all units of a plan stand. Uses nothing. */
  async usage(
    key: string,
    options: Pick<QuotaRequest, 'plan'> = {},
  ): Promise<Readonly<Record<string, QuotaUsage>>> {
    checkOptions(ACTION, options, [], ['plan'])
    const all = Object.fromEntries(
      [...this.#planOf(options.plan)[1].keys()].map((unit) => [unit, 0]),
    )
    const { units, plan } = this.#read({ ...options, units: all })
    return this.#usageOf(
      units,
      await this.#decider.decide(ACTION, key, plan, { cost: 0, look: true }),
    )
  }

  /** Forgets what a key has used of a plan's units. */
  async reset(key: string, options: Pick<QuotaRequest, 'plan'> = {}): Promise<void> {
    checkOptions('reset quota', options, [], ['plan'])
    const quotas = [...this.#planOf(options.plan)[1].values()]
    await this.#decider.reset('reset quota', key, createPlan(quotas.map(({ limit }) => limit)))
  }

  async #take(
    key: string,
    request: QuotaRequest,
    operation: string | undefined,
  ): Promise<QuotaOutcome> {
    const { name, units, plan } = this.#read(request)
    const outcome = await this.#decider.decide(ACTION, key, plan, {
      cost: 1,
      ...(operation !== undefined && { operation, rememberMs: REMEMBER_MS }),
    })
    const told = this.#tellThresholds(key, name, units, outcome)
    const exceeded = units.filter((_, index) => outcome.limits[index]?.allowed === false)
    return {
      allowed: outcome.allowed,
      usage: this.#usageOf(units, outcome),
      exceeded: exceeded.map(({ unit }) => unit),
      retryAfterMs: outcome.retryAfterMs,
      outcome: {
        ...outcome,
        pending: Promise.all([outcome.pending, ...told]).then(() => undefined),
      },
    }
  }

  #planOf(given: string | undefined): [string, ReadonlyMap<string, ReadQuota>] {
    const [only, ...others] = this.#plans.keys()
    const name = given ?? (others.length === 0 ? only : undefined)
    const quotas = name === undefined ? undefined : this.#plans.get(name)
    if (name !== undefined && quotas !== undefined) return [name, quotas]
    throw new RangeError(
      `Cannot ${ACTION}: ${given === undefined ? 'the plan is missing' : 'the plan is not known'}, one of ${[...this.#plans.keys()].join(', ')} expected`,
    )
  }

  #read(request: QuotaRequest): {
    readonly name: string
    readonly units: readonly AskedUnit[]
    readonly plan: LimitPlan
  } {
    checkOptions(ACTION, request, ['units'], ['plan'])
    const [name, quotas] = this.#planOf(request.plan)
    const units = Object.entries(request.units).map(([unit, cost]) => {
      const quota = quotas.get(unit)
      if (quota === undefined)
        throw new RangeError(
          `Cannot ${ACTION}: a unit is not of the plan, ${[...quotas.keys()].join(', ')} expected`,
        )
      return { unit, quota, cost: checkCost(ACTION, cost) }
    })
    if (units.length === 0) throw new RangeError(`Cannot ${ACTION}: units has none, one expected`)
    return {
      ...{ name, units },
      plan: createPlan(units.map(({ quota, cost }) => ({ ...quota.limit, cost }))),
    }
  }

  #usageOf(
    units: readonly AskedUnit[],
    { limits }: RateLimitOutcome,
  ): Readonly<Record<string, QuotaUsage>> {
    const now = this.#decider.clock.now()
    return Object.fromEntries(
      units.map(({ unit, quota }, index) => {
        const { limit } = quota.limit
        const remaining = limits[index]?.remaining ?? 0
        const [periodStart, periodEnd] = quota.periodAt(now) ?? [null, null]
        return [unit, { used: limit - remaining, limit, remaining, periodStart, periodEnd }]
      }),
    )
  }

  /** Exactly one request of a period goes over a share, and it is this one or another. */
  #tellThresholds(
    key: string,
    plan: string,
    units: readonly AskedUnit[],
    { limits, decidedBy, allowed, dryRun }: RateLimitOutcome,
  ): readonly Promise<void>[] {
    if (this.#onThreshold === undefined || !allowed || dryRun || decidedBy !== 'store') return []
    return units.flatMap(({ unit, quota, cost }, index) => {
      const { limit } = quota.limit
      const used = limit - (limits[index]?.remaining ?? limit)
      return quota.thresholds
        .filter((threshold) => {
          // 0.07 · 100 is a little over 7 in floating point.
          const at = Math.ceil(threshold * limit - 1e-6)
          return used >= at && used - cost < at
        })
        .map((threshold) => this.#tell({ key, plan, unit, threshold, used, limit }))
    })
  }

  async #tell(event: Parameters<NonNullable<QuotasOptions['onQuotaThreshold']>>[0]): Promise<void> {
    try {
      await this.#onThreshold?.(event)
    } catch (error) {
      this.#settings.onFailure(error)
    }
  }
}

interface AskedUnit {
  readonly unit: string
  readonly quota: ReadQuota
  readonly cost: number
}
