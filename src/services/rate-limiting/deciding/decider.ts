import { encodeHex } from '../../../primitives/hex.ts'
import { settleWithin } from '../../../primitives/settle-within.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type {
  ConsumeOptions,
  RateLimitDecision,
} from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { LimitPlan, PreparedLimits } from '../limits/limit-plan.ts'
import { subjectOf } from '../limits/subject-of.ts'
import type { LimitStanding, RateLimitOutcome } from './outcome.ts'
import { countDecisions, type CountDecision } from './rate-limit-metrics.ts'
import type { DecisionSettings } from './rate-limiting-options.ts'
import { accessOf, type StoreAccess } from './store-access.ts'

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
  readonly #access: StoreAccess
  readonly #count: CountDecision

  constructor(settings: DecisionSettings) {
    this.#settings = settings
    this.#access = accessOf(settings.store, settings.clock)
    this.#count = countDecisions(settings.metrics, settings.onFailure)
  }

  get clock(): DecisionSettings['clock'] {
    return this.#settings.clock
  }

  /** A name for an operation that nobody else has. */
  newOperation(): string {
    return encodeHex(this.#settings.random.bytes(OPERATION_BYTES))
  }

  /** @throws TypeError or RangeError when an argument is malformed or the cost can never fit */
  async decide(
    action: string,
    key: string,
    plan: LimitPlan,
    request: DecisionRequest,
  ): Promise<RateLimitOutcome> {
    const { store, clock } = this.#settings
    const subject = subjectOf(action, key)
    const prepared = plan.prepare(request.cost, clock.now(), request.maxWaitMs ?? 0)
    const options = consumeOptionsOf(request)
    const decided =
      store.local === undefined
        ? await this.#ask(subject, prepared, options)
        : by('store', store.local.consume(subject, prepared.asked, options))
    return this.#outcomeOf(key, plan, decided, request)
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
    const { store, timeoutMs, clock } = this.#settings
    const subject = subjectOf(action, key)
    const asked = plan.prepare(0, clock.now(), 0).asked.map((limit, index) => ({
      ...limit,
      cost: typeof cost === 'number' ? cost : (cost[index] ?? 0),
    }))
    if (store.local !== undefined)
      return this.#standing(key, plan, store.local.settle(subject, asked, operation))
    this.#access.denials.forget(subject)
    // While the store failed, the operation may have been charged here.
    const own = this.#access.fallback.settle(subject, asked, operation)
    if (own !== null) return this.#standing(key, plan, own)
    return this.#standing(
      key,
      plan,
      await this.#access.call(timeoutMs, (remote) => remote.settle(subject, asked, operation)),
    )
  }

  /** @throws BackendError when the store failed */
  async reset(action: string, key: string, plan: LimitPlan): Promise<void> {
    const { store, timeoutMs, clock } = this.#settings
    const subject = subjectOf(action, key)
    const names = plan.prepare(0, clock.now(), 0).asked
    if (store.local !== undefined) return store.local.reset(subject, names)
    this.#access.denials.forget(subject)
    this.#access.fallback.reset(subject, names)
    await this.#access.call(timeoutMs, (remote) => remote.reset(subject, names))
    // A decision that was on its way may have been remembered since.
    this.#access.denials.forget(subject)
  }

  /** Waits on the clock; see {@link waitFor}. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return waitFor(this.#settings.clock, ms, signal)
  }

  async #ask(
    subject: string,
    { asked, text }: PreparedLimits,
    options: ConsumeOptions,
  ): Promise<Decided> {
    const { clock, timeoutMs, denialMaxAgeMs, onFailure } = this.#settings
    const { denials } = this.#access
    // An operation may have paid before, and who looks wants to know how it is.
    const isCached = denialMaxAgeMs > 0 && options.operation === undefined && options.look !== true
    const known = isCached ? denials.get(subject, text, clock.now()) : null
    if (known !== null) return by('cache', known)
    try {
      const decisions = await this.#access.call(timeoutMs, (store) =>
        store.consume(subject, asked, options),
      )
      if (isCached && decisions.some(({ allowed }) => !allowed))
        denials.set(subject, text, decisions, clock.now(), denialMaxAgeMs)
      return by('store', decisions)
    } catch (error) {
      onFailure(error)
      return this.#decideWithoutStore(subject, asked, options)
    }
  }

  #decideWithoutStore(
    subject: string,
    asked: PreparedLimits['asked'],
    options: ConsumeOptions,
  ): Decided {
    const { onError } = this.#settings
    if (onError === 'local')
      return by('local', this.#access.fallback.consume(subject, asked, options))
    const retryAfterMs = onError === 'allow' ? 0 : Math.max(this.#access.restMs(), 1)
    const decisions = asked.map(({ name }) => ({
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

  #standing(
    key: string,
    plan: LimitPlan,
    decisions: readonly RateLimitDecision[] | null,
  ): RateLimitOutcome | null {
    if (decisions === null) return null
    return this.#outcomeOf(key, plan, by('store', decisions), { cost: 0, look: true })
  }

  #outcomeOf(
    key: string,
    plan: LimitPlan,
    { decidedBy, decisions }: Decided,
    request: DecisionRequest,
  ): RateLimitOutcome {
    const limits = decisions.map((decision, index) => standingOf(decision, plan, index))
    const deciding = decidingOf(limits)
    const admitted = limits.every(({ allowed }) => allowed)
    const dryRun = !admitted && (request.dryRun ?? this.#settings.dryRun)
    const isCharged = admitted && request.look !== true && request.operation !== undefined
    const outcome = {
      allowed: admitted || dryRun,
      limit: deciding.limit,
      remaining: deciding.remaining,
      resetAt: this.#settings.clock.now() + deciding.resetAfterMs,
      retryAfterMs: deciding.retryAfterMs,
      waitMs: decisions.length === 1 ? (decisions[0]?.waitMs ?? 0) : longestWait(decisions),
      policy: deciding.name,
      limits,
      decidedBy,
      dryRun,
      operation: isCharged ? (request.operation ?? null) : null,
    }
    if (request.look === true) return { ...outcome, pending: Promise.resolve() }
    this.#count(deciding.name, admitted ? 'allowed' : dryRun ? 'dry_run' : 'denied', decidedBy)
    const pending = admitted ? Promise.resolve() : this.#tellLimited(key, outcome)
    return { ...outcome, pending }
  }

  /** What a hook does must not change the decision. */
  #tellLimited(key: string, outcome: Omit<RateLimitOutcome, 'pending'>): Promise<void> {
    const { onLimited, onFailure, clock } = this.#settings
    if (onLimited === undefined) return Promise.resolve()
    try {
      const told = onLimited({ key, outcome: { ...outcome, pending: Promise.resolve() } })
      if (told === undefined) return Promise.resolve()
      return settleWithin(clock, HOOK_MS, Promise.resolve(told), () => undefined).catch(onFailure)
    } catch (error) {
      onFailure(error)
      return Promise.resolve()
    }
  }
}

/** After which nobody waits for a hook any longer. */
const HOOK_MS = 30_000

/** Decisions, and who made them. */
interface Decided {
  readonly decidedBy: RateLimitOutcome['decidedBy']
  readonly decisions: readonly RateLimitDecision[]
}

function by(decidedBy: Decided['decidedBy'], decisions: readonly RateLimitDecision[]): Decided {
  return { decidedBy, decisions }
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

function longestWait(decisions: readonly RateLimitDecision[]): number {
  return Math.max(...decisions.map(({ waitMs }) => waitMs))
}
