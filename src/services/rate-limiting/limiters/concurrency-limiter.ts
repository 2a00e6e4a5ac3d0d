import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { concurrency } from '../../../runtime/ports/rate-limit-store/algorithms/concurrency.ts'
import { RATE_LIMIT_LIMITS } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import { Decider } from '../deciding/decider.ts'
import type { RateLimitOutcome } from '../deciding/outcome.ts'
import {
  checkLimiterOptions,
  checkRateLimitingOptions,
  type RateLimitingOptions,
} from '../deciding/rate-limiting-options.ts'
import { createPlan, type LimitPlan } from '../limits/limit-plan.ts'
import { checkCost, planOf, readName } from '../limits/read-limit.ts'
import { RateLimitedError } from '../rate-limited-error.ts'

/** Options of {@link ConcurrencyLimiter}. */
export interface ConcurrencyOptions extends RateLimitingOptions {
  /** Slots of each key, 1 to 1,000. */
  readonly limit: number
  /**
   * After which a slot whose holder does not renew it is free again, 1 s to 1 day. Default 30 s.
   */
  readonly lease?: Duration
  /** Limiters with the same keys and name share their slots. Default `concurrency`. */
  readonly name?: string
}

/** What {@link ConcurrencyLimiter.acquire} takes. */
export interface AcquireOptions {
  /** Slots to take, 1 to `limit`. Default 1. */
  readonly cost?: number
  /**
   * The holder, 1 to 128 of `A–Z a–z 0–9 . _ : / -`; one that already holds a slot keeps it for
   * another lease. Default: a new one.
   */
  readonly operation?: string
}

const ACTION = 'take slot'

/**
 * Lets at most `limit` holders in at once. A slot is leased: that of a holder which crashed comes
 * back when its lease ends, and one that is given back late or twice frees nobody else's.
 *
 * @example
 * const exports = new ConcurrencyLimiter({ backend, limit: 3 })
 * const file = await exports.run('tenant:7', () => exportAll('tenant:7'))
 */
export class ConcurrencyLimiter {
  readonly #decider: Decider
  readonly #plan: LimitPlan
  readonly #leaseMs: number
  readonly #onFailure: (error: unknown) => void

  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: ConcurrencyOptions) {
    const action = 'create concurrency limiter'
    checkLimiterOptions(action, options, ['limit'], ['lease', 'name'])
    const settings = checkRateLimitingOptions(action, options)
    const limit = checkInteger(action, 'limit', options.limit, 1, RATE_LIMIT_LIMITS.entries)
    const leaseMs = checkDuration(action, 'lease', options.lease ?? 30_000, 1000, 86_400_000)
    const name = readName(action, options.name, () => 'concurrency')
    const asked = { algorithm: 'concurrency', name, limit, leaseMs } as const
    this.#decider = new Decider(settings)
    this.#plan = createPlan([
      planOf(asked, { rule: concurrency, limit, windowMs: null, cost: null }),
    ])
    this.#leaseMs = leaseMs
    this.#onFailure = settings.onFailure
  }

  /**
   * Takes a slot, or nothing when none is free. One round trip.
   *
   * @returns The outcome; its `operation` names the slot for {@link ConcurrencyLimiter.renew} and
   *   {@link ConcurrencyLimiter.release}. `retryAfterMs` is when one comes back at the latest
   */
  async acquire(key: string, options: AcquireOptions = {}): Promise<RateLimitOutcome> {
    checkOptions(ACTION, options, [], ['cost', 'operation'])
    const { cost = 1, operation = this.#decider.newOperation() } = options
    if (checkCost(ACTION, cost) === 0)
      throw new RangeError(`Cannot ${ACTION}: cost is 0, 1 or more expected`)
    return this.#decider.decide(ACTION, key, this.#plan, { cost, operation })
  }

  /**
   * Keeps a slot for another lease. @returns Whether it is held: one that was lost is taken anew if
   * it is free
   */
  async renew(key: string, { operation }: { readonly operation: string | null }): Promise<boolean> {
    const { allowed } = await this.acquire(key, { operation: checkHolder(operation) })
    return allowed
  }

  /** Gives a slot back. @returns Whether it was held */
  async release(
    key: string,
    { operation }: { readonly operation: string | null },
  ): Promise<boolean> {
    const holder = checkHolder(operation)
    return (await this.#decider.settle('release slot', key, this.#plan, holder, 0)) !== null
  }

  /** How many slots are free, without taking one. */
  async peek(key: string): Promise<RateLimitOutcome> {
    return this.#decider.decide(ACTION, key, this.#plan, { cost: 0, look: true })
  }

  /** Takes all slots from those who hold them. */
  async reset(key: string): Promise<void> {
    await this.#decider.reset('reset slots', key, this.#plan)
  }

  /**
   * Runs `work` while holding a slot, renewed each third of its lease, and gives it back
   * afterwards. That it could not be given back is told to `onFailure` and changes nothing about
   * the result.
   *
   * @throws RateLimitedError when no slot is free; else what `work` throws
   */
  async run<Result>(key: string, work: () => Promise<Result> | Result): Promise<Result> {
    const taken = await this.acquire(key)
    if (!taken.allowed) throw new RateLimitedError('all slots are held', taken)
    const stop = this.#renewWhile(key, taken)
    try {
      return await work()
    } finally {
      // A renewal that is on its way would take the slot anew once it was given back.
      await stop()
      await this.#giveBack(key, taken)
    }
  }

  async #giveBack(key: string, taken: RateLimitOutcome): Promise<void> {
    try {
      if (taken.operation !== null) await this.release(key, taken)
    } catch (error) {
      this.#onFailure(error)
    }
  }

  #renewWhile(key: string, taken: RateLimitOutcome): () => Promise<void> {
    let stopped = false
    let renewal = Promise.resolve()
    let cancel: () => void = () => undefined
    const arm = (): void => {
      cancel = this.#decider.clock.setTimer(() => {
        renewal = renew()
      }, this.#leaseMs / 3)
    }
    const renew = async (): Promise<void> => {
      await this.renew(key, taken).catch(this.#onFailure)
      if (!stopped) arm()
    }
    if (taken.operation !== null) arm()
    return () => {
      stopped = true
      cancel()
      return renewal
    }
  }
}

function checkHolder(operation: string | null): string {
  if (typeof operation === 'string') return operation
  throw new TypeError(
    `Cannot ${ACTION}: there is no holder, the operation of a taken slot expected`,
  )
}
