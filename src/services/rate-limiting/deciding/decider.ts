import { encodeHex } from '../../../primitives/hex.ts'
import { settleWithin } from '../../../primitives/settle-within.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type { FullRateLimit } from '../../../runtime/ports/rate-limit-store/full-rate-limit.ts'
import type {
  ConsumeOptions,
  LocalRateLimits,
  RateLimitDecision,
} from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { PreparedRateLimits } from '../../../runtime/ports/rate-limit-store/read-rate-limit.ts'
import { fitting, type LimitPlan } from '../limits/limit-plan.ts'
import { checkKey, SUBJECT_PREFIX } from '../limits/subject-of.ts'
import type { LimitStanding, RateLimitOutcome } from './outcome.ts'
import { countDecisions, type CountDecision } from './rate-limit-metrics.ts'
import type { DecisionSettings } from './rate-limiting-options.ts'
import type { Decided, RemoteDecisions } from './remote-decisions.ts'

/** One question to a {@link Decider}. */
export interface DecisionRequest {
  readonly cost: number
  readonly operation?: string
  readonly rememberMs?: number
  readonly look?: boolean
  readonly maxWaitMs?: number
  readonly dryRun?: boolean
}

const OPERATION_BYTES = 12

/**
 * Decides what limiters, guards and quotas are asked, by one store and one policy for its failures.
 */
export class Decider {
  readonly #settings: DecisionSettings
  /** Where the store is in this process: it can neither fail nor be late. */
  readonly #local: LocalRateLimits | null
  #remote: RemoteDecisions | null = null
  readonly #count: CountDecision | null
  /** Reads the clock of this process. */
  readonly now: () => number

  constructor(settings: DecisionSettings) {
    const { store, clock, metrics, onFailure } = settings
    this.#settings = settings
    this.#local = store.local?.within(SUBJECT_PREFIX) ?? null
    this.#count = metrics === undefined ? null : countDecisions(metrics, onFailure)
    this.now = () => clock.now()
  }

  get clock(): DecisionSettings['clock'] {
    return this.#settings.clock
  }

  /** A name for an operation that nobody else has. */
  newOperation(): string {
    return encodeHex(this.#settings.random.bytes(OPERATION_BYTES))
  }

  /**
   * @returns The outcome, at once where the store is in this process
   * @throws TypeError or RangeError when an argument is malformed or the cost can never fit
   */
  decide(
    action: string,
    key: string,
    plan: LimitPlan,
    request: DecisionRequest,
  ): RateLimitOutcome | Promise<RateLimitOutcome> {
    checkKey(action, key)
    const prepared = plan.prepare(request.cost, this.now, request.maxWaitMs ?? 0)
    return this.#local === null
      ? this.#decideRemotely(key, plan, prepared, request)
      : this.#decideHere(this.#local, key, plan, prepared, request)
  }

  /**
   * The same where the store is in this process.
   *
   * @throws TypeError where it is not
   */
  decideSync(
    action: string,
    key: string,
    plan: LimitPlan,
    request: DecisionRequest,
  ): RateLimitOutcome {
    checkKey(action, key)
    const prepared = plan.prepare(request.cost, this.now, request.maxWaitMs ?? 0)
    if (this.#local !== null) return this.#decideHere(this.#local, key, plan, prepared, request)
    throw new TypeError(
      `Cannot ${action}: the store is not in this process, memory() or a call that is awaited expected`,
    )
  }

  #decideHere(
    local: LocalRateLimits,
    key: string,
    plan: LimitPlan,
    prepared: PreparedRateLimits,
    request: DecisionRequest,
  ): RateLimitOutcome {
    const only = prepared.full[0]
    if (only === undefined || prepared.full.length > 1 || !isPlain(only, request)) {
      const decisions = local.consume(key, prepared, consumeOptionsOf(request))
      return this.#outcomeOf(key, plan, { decidedBy: 'store', decisions }, request)
    }
    const now = local.now()
    const decision = local.consumeOne(key, only, now)
    const standing = standingOf(decision, plan, 0)
    return this.#outcomeOfOne(key, [standing], standing, decision.waitMs, 'store', now, request)
  }

  /**
   * Corrects what an operation has cost.
   *
   * @param cost Of all limits, or of each
   * @returns Where the limits stand then, `null` when the operation is not known
   * @throws BackendError when the store failed
   */
  async settle(
    action: string,
    key: string,
    plan: LimitPlan,
    operation: string,
    cost: number | readonly number[],
  ): Promise<RateLimitOutcome | null> {
    checkKey(action, key)
    // What turned out to have cost more than ever fits takes all there is.
    const costOf = (index: number): number => {
      const one = typeof cost === 'number' ? cost : (cost[index] ?? 0)
      const limit = plan.limits[index]
      return limit === undefined ? one : fitting(one, limit)
    }
    const prepared = plan.prepareEach(costOf, this.now)
    const decisions =
      this.#local === null
        ? await (this.#remote ?? (await this.#loadRemote())).settle(key, prepared, operation)
        : this.#local.settle(key, prepared, operation)
    if (decisions === null) return null
    const request = { cost: 0, look: true }
    return this.#outcomeOf(key, plan, { decidedBy: 'store', decisions }, request)
  }

  /** @throws BackendError when the store failed */
  async reset(action: string, key: string, plan: LimitPlan): Promise<void> {
    checkKey(action, key)
    const { asked } = plan.prepare(0, this.now, 0)
    if (this.#local === null) await (this.#remote ?? (await this.#loadRemote())).reset(key, asked)
    else this.#local.reset(key, asked)
  }

  /** Waits on the clock; see {@link waitFor}. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return waitFor(this.#settings.clock, ms, signal)
  }

  /** Loaded with the first need: a store in this process has none. */
  async #loadRemote(): Promise<RemoteDecisions> {
    // No promise is kept: on Workers that of one request must not be awaited in another.
    const { createRemoteDecisions } = await import('./remote-decisions.ts')
    this.#remote ??= createRemoteDecisions(this.#settings)
    return this.#remote
  }

  async #decideRemotely(
    key: string,
    plan: LimitPlan,
    prepared: PreparedRateLimits,
    request: DecisionRequest,
  ): Promise<RateLimitOutcome> {
    const remote = this.#remote ?? (await this.#loadRemote())
    const decided = await remote.decide(key, prepared, consumeOptionsOf(request))
    return this.#outcomeOf(key, plan, decided, request)
  }

  #outcomeOf(
    key: string,
    plan: LimitPlan,
    { decidedBy, decisions }: Decided,
    request: DecisionRequest,
  ): RateLimitOutcome {
    const limits = decisions.map((decision, index) => standingOf(decision, plan, index))
    const waitMs = Math.max(...decisions.map((decision) => decision.waitMs))
    const now = this.#settings.clock.now()
    return this.#outcomeOfOne(key, limits, decidingOf(limits), waitMs, decidedBy, now, request)
  }

  #outcomeOfOne(
    key: string,
    limits: readonly LimitStanding[],
    deciding: LimitStanding,
    waitMs: number,
    decidedBy: Decided['decidedBy'],
    now: number,
    request: DecisionRequest,
  ): RateLimitOutcome {
    // The deciding limit denies where any does.
    const admitted = deciding.allowed
    const dryRun = !admitted && (request.dryRun ?? this.#settings.dryRun)
    const outcome: RateLimitOutcome = {
      allowed: admitted || dryRun,
      limit: deciding.limit,
      remaining: deciding.remaining,
      resetAt: now + deciding.resetAfterMs,
      retryAfterMs: deciding.retryAfterMs,
      waitMs,
      policy: deciding.name,
      limits,
      decidedBy,
      dryRun,
      operation: admitted && request.look !== true ? (request.operation ?? null) : null,
      pending: NOTHING_PENDING,
    }
    if (request.look === true) return outcome
    this.#count?.(deciding.name, admitted ? 'allowed' : dryRun ? 'dry_run' : 'denied', decidedBy)
    return admitted || this.#settings.onLimited === undefined
      ? outcome
      : { ...outcome, pending: this.#tellLimited(key, outcome) }
  }

  /** What a hook does must not change the decision. */
  #tellLimited(key: string, outcome: RateLimitOutcome): Promise<void> {
    const { onLimited, onFailure, clock } = this.#settings
    try {
      const told = onLimited?.({ key, outcome })
      if (told === undefined) return NOTHING_PENDING
      return settleWithin(clock, HOOK_MS, Promise.resolve(told), () => undefined).catch(onFailure)
    } catch (error) {
      onFailure(error)
      return NOTHING_PENDING
    }
  }
}

const NOTHING_PENDING: Promise<void> = /* @__PURE__ */ Promise.resolve()

/** After which nobody waits for a hook any longer. */
const HOOK_MS = 30_000

/** Whether one limit decides of one request, and neither is to be remembered. */
function isPlain({ rule }: FullRateLimit, { operation, look }: DecisionRequest): boolean {
  return operation === undefined && look !== true && rule.holds === undefined
}

const NO_OPTIONS: ConsumeOptions = {}

function consumeOptionsOf({ operation, rememberMs, look }: DecisionRequest): ConsumeOptions {
  if (operation === undefined && look !== true) return NO_OPTIONS
  return {
    ...(operation !== undefined && { operation }),
    ...(rememberMs !== undefined && operation !== undefined && { rememberMs }),
    ...(look === true && { look }),
  }
}

function standingOf(decision: RateLimitDecision, plan: LimitPlan, index: number): LimitStanding {
  const { limit = 0, windowMs = null } = plan.limits[index] ?? {}
  const { name, allowed, remaining, retryAfterMs, nextAfterMs, resetAfterMs } = decision
  return { name, allowed, limit, windowMs, remaining, retryAfterMs, nextAfterMs, resetAfterMs }
}

/** Of limits that deny the one that does so longest, else the one with least left. */
function decidingOf(limits: readonly LimitStanding[]): LimitStanding {
  let deciding = limits[0]
  for (const limit of limits)
    if (deciding === undefined || isWorse(limit, deciding)) deciding = limit
  if (deciding === undefined) throw new RangeError('Cannot check rate limit: no limit was given')
  return deciding
}

function isWorse(one: LimitStanding, other: LimitStanding): boolean {
  if (one.allowed !== other.allowed) return !one.allowed
  return one.allowed ? one.remaining < other.remaining : one.retryAfterMs > other.retryAfterMs
}
