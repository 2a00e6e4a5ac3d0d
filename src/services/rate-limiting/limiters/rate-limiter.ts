import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Decider, DecisionRequest } from '../deciding/decider.ts'
import type { RateLimitOutcome } from '../deciding/outcome.ts'
import { createPlan, type LimitPlan, type PlannedLimit } from '../limits/limit-plan.ts'
import { checkCost } from '../limits/read-limit.ts'

/** What a check may say besides the key. */
export interface CheckOptions {
  /**
   * Units that the request counts for: an integer from 0 (only looks) to what can ever fit. Default
   * 1.
   */
  readonly cost?: number
  /**
   * Names what the request is part of, 1 to 128 of `A–Z a–z 0–9 . _ : / -`: asked again under the
   * same name it passes and costs nothing, and it can be refunded and settled. Remembered for the
   * limit's window, at least a minute and at most a day.
   */
  readonly operation?: string
}

/** How long {@link RateLimiter.waitFor} waits. */
export interface WaitOptions extends CheckOptions {
  /**
   * The longest wait, up to 366 days; a request that would have to wait longer is denied at once.
   * Default 30 s.
   */
  readonly maxWait?: Duration
  /** Ends the wait; what was booked is given back. */
  readonly signal?: AbortSignal
}

/** What every limiter can be asked. */
export interface RateLimiter {
  /**
   * Takes `cost` units of the key's budget, or nothing when they do not fit. One round trip at
   * most.
   */
  check(key: string, options?: CheckOptions): Promise<RateLimitOutcome>
  /**
   * The same at once, without a promise, where the backend is `memory()` or `memoryRateLimits()`.
   *
   * @throws TypeError where it is elsewhere
   */
  checkSync(key: string, options?: CheckOptions): RateLimitOutcome
  /** Says what {@link RateLimiter.check} would answer, and takes nothing. */
  peek(key: string, options?: Pick<CheckOptions, 'cost'>): Promise<RateLimitOutcome>
  /** Forgets what the key has used. */
  reset(key: string): Promise<void>
  /**
   * Gives back what an operation took, once: no more than it took, nothing that has been earned
   * back since, nothing into another window.
   *
   * @returns Where the limit stands then, `null` when the operation took nothing or is forgotten
   */
  refund(key: string, taken: TakenUnits): Promise<RateLimitOutcome | null>
  /**
   * Corrects what an operation has cost, once that is known. More than it took is taken even where
   * it does not fit, down to nothing left.
   *
   * @returns Where the limit stands then, `null` when the operation took nothing or is forgotten
   */
  settle(
    key: string,
    taken: TakenUnits & { readonly cost: number },
  ): Promise<RateLimitOutcome | null>
  /**
   * Waits until the request passes, for calls to others: books its place ahead where the limit
   * earns its units back without pause, else looks again when its time has come.
   *
   * @returns The outcome, denied when it would have to wait for longer than `maxWait`
   * @throws The signal's reason when it aborts
   */
  waitFor(key: string, options?: WaitOptions): Promise<RateLimitOutcome>
}

/** Names what was taken: an outcome with an operation, or just that. */
export interface TakenUnits {
  readonly operation: string | null
}

const ACTION = 'check rate limit'
const ONE_UNIT: DecisionRequest = { cost: 1 }

/** A {@link RateLimiter} over limits that are decided together. */
export class PlannedLimiter implements RateLimiter {
  readonly #decider: Decider
  readonly #plan: LimitPlan

  constructor(decider: Decider, limits: readonly PlannedLimit[]) {
    this.#decider = decider
    this.#plan = createPlan(limits)
    // What can never work says so now.
    this.#plan.prepare(1, decider.now, 0)
  }

  async check(key: string, options?: CheckOptions): Promise<RateLimitOutcome> {
    return this.#decider.decide(ACTION, key, this.#plan, requestOf(options))
  }

  checkSync(key: string, options?: CheckOptions): RateLimitOutcome {
    return this.#decider.decideSync(ACTION, key, this.#plan, requestOf(options))
  }

  async peek(key: string, options: Pick<CheckOptions, 'cost'> = {}): Promise<RateLimitOutcome> {
    const cost = costOf(options, [])
    return this.#decider.decide(ACTION, key, this.#plan, { cost, look: true })
  }

  async reset(key: string): Promise<void> {
    await this.#decider.reset('reset rate limit', key, this.#plan)
  }

  async refund(key: string, taken: TakenUnits): Promise<RateLimitOutcome | null> {
    return this.#settle('refund rate limit', key, taken, 0)
  }

  async settle(
    key: string,
    taken: TakenUnits & { readonly cost: number },
  ): Promise<RateLimitOutcome | null> {
    return this.#settle(
      'settle rate limit',
      key,
      taken,
      checkCost('settle rate limit', taken?.cost),
    )
  }

  async waitFor(key: string, options: WaitOptions = {}): Promise<RateLimitOutcome> {
    const cost = costOf(options, ['operation', 'maxWait', 'signal'])
    const { operation = this.#decider.newOperation(), maxWait = 30_000, signal } = options
    const maxWaitMs = checkDuration(ACTION, 'maxWait', maxWait, 0, 31_622_400_000)
    signal?.throwIfAborted()
    for (let waitedMs = 0; ;) {
      const outcome = await this.#decider.decide(ACTION, key, this.#plan, {
        cost,
        operation,
        maxWaitMs: maxWaitMs - waitedMs,
        dryRun: false,
      })
      const { allowed, waitMs, retryAfterMs } = outcome
      if (allowed) {
        if (waitMs > 0) await this.#waitOrRefund(key, operation, waitMs, signal)
        return outcome
      }
      if (retryAfterMs > maxWaitMs - waitedMs) return outcome
      await this.#decider.wait(retryAfterMs, signal)
      waitedMs += retryAfterMs
    }
  }

  async #settle(
    action: string,
    key: string,
    taken: TakenUnits,
    cost: number,
  ): Promise<RateLimitOutcome | null> {
    const operation = taken?.operation
    if (typeof operation !== 'string')
      throw new TypeError(
        `Cannot ${action}: there is no operation, one that was given to check expected`,
      )
    return this.#decider.settle(action, key, this.#plan, operation, cost)
  }

  async #waitOrRefund(
    key: string,
    operation: string,
    ms: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      await this.#decider.wait(ms, signal)
    } catch (error) {
      await this.#settle('refund rate limit', key, { operation }, 0).catch(() => null)
      throw error
    }
  }
}

function requestOf(options: CheckOptions | undefined): DecisionRequest {
  if (options === undefined) return ONE_UNIT
  const cost = costOf(options, ['operation'])
  const { operation } = options
  return operation === undefined ? { cost } : { cost, operation }
}

function costOf<Options extends Pick<CheckOptions, 'cost'>>(
  options: Options,
  others: readonly (keyof Options & string)[],
): number {
  checkOptions(ACTION, options, [], ['cost', ...others])
  return options.cost === undefined ? 1 : checkCost(ACTION, options.cost)
}
