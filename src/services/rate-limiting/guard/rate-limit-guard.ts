import { formatIp, type IpAddress } from '../../../primitives/ip-address.ts'
import { readClientIp, type ConnectionInfo } from '../addresses/client-address.ts'
import { Decider } from '../deciding/decider.ts'
import { limitedResponse, refusal } from '../headers/limited-response.ts'
import { rateLimitHeaders } from '../headers/rate-limit-headers.ts'
import { fitting } from '../limits/limit-plan.ts'
import { checkCost } from '../limits/read-limit.ts'
import { compileRule, type CompiledRule } from './compile-rule.ts'
import type { GuardDecision } from './guard-decision.ts'
import { guardKey, keyOfAddress } from './guard-key.ts'
import {
  checkGuardOptions,
  type CheckedGuard,
  type GuardOptions,
  type GuardProtection,
} from './guard-options.ts'

const ACTION = 'create rate limit guard'
const MAX_RULES = 1000

/**
 * Limits requests by rules, with nothing but `Request` and `Response`.
 *
 * @example
 * const guard = new RateLimitGuard({
 *   backend,
 *   rules: [{ path: '/api/*', limit: 100, window: '1m', key: 'ip' }],
 * })
 * const denied = await guard.check(request)
 * if (denied !== null) return denied
 */
export class RateLimitGuard {
  readonly #guard: CheckedGuard
  readonly #decider: Decider
  readonly #rules: readonly CompiledRule[]

  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: GuardOptions) {
    this.#guard = checkGuardOptions(ACTION, options)
    const { rules } = options
    if (!Array.isArray(rules) || rules.length < 1 || rules.length > MAX_RULES)
      throw new RangeError(`Cannot ${ACTION}: rules is no list of 1 to ${MAX_RULES} rules`)
    this.#decider = new Decider(this.#guard.settings)
    this.#rules = options.rules.map((rule, index) =>
      compileRule(ACTION, rule, rules.length === 1 ? 'default' : `rule-${index + 1}`),
    )
    if (this.#guard.user === undefined && this.#rules.some(({ keys }) => keys.includes('user')))
      throw new TypeError(`Cannot ${ACTION}: a rule has the key user, a user of the guard expected`)
  }

  /**
   * @param connection What the server says of the connection, where the client's address is read
   *   from it
   * @returns The answer to send instead, or `null` when the request may go on
   * @throws TypeError when the address is read from the connection and that was not given
   */
  async check(request: Request, connection?: ConnectionInfo): Promise<Response | null> {
    const decision = await this.decide(request, connection)
    return decision.allowed ? null : this.respond(decision, request)
  }

  /** @returns Whether the request may go on */
  async canActivate(request: Request, connection?: ConnectionInfo): Promise<boolean> {
    return (await this.decide(request, connection)).allowed
  }

  /**
   * Answers a request that may go on with `next`, sets the headers on its answer, and settles its
   * cost by it.
   */
  async handle(
    request: Request,
    next: (request: Request) => Response | Promise<Response>,
    connection?: ConnectionInfo,
  ): Promise<Response> {
    const decision = await this.decide(request, connection)
    if (!decision.allowed) return this.respond(decision, request)
    const response = await next(request)
    await decision.settle(response)
    return withHeaders(response, decision.headers)
  }

  /** Decides, and leaves the answering to the caller. */
  decide(request: Request, connection?: ConnectionInfo): Promise<GuardDecision> {
    const { protection } = this.#guard
    return protection === undefined
      ? this.#decide(request, connection)
      : this.#decideBehind(protection, request, connection)
  }

  async #decideBehind(
    protection: GuardProtection,
    request: Request,
    connection: ConnectionInfo | undefined,
  ): Promise<GuardDecision> {
    const ip = readClientIp(request, connection, this.#guard.clientAddress)
    if (ip === null) return this.#refuse('address-unknown')
    const address = formatIp(ip)
    const priority = this.#guard.priority(request)
    const protectedBy = await protection.check(address, { priority })
    if (protectedBy.isTrusted) return PASSES
    if (!protectedBy.allowed && protectedBy.reason !== null) {
      const { reason, retryAfterMs } = protectedBy
      const seconds = Math.ceil(retryAfterMs / 1000)
      return refused(reason, seconds > 0 ? { 'retry-after': `${seconds}` } : {})
    }
    const decision = await this.#decide(request, connection)
    if (decision.reason === 'limited' && decision.outcome?.decidedBy !== 'failure')
      await protection.report(address)
    return decision
  }

  async #decide(request: Request, connection: ConnectionInfo | undefined): Promise<GuardDecision> {
    const found = this.#ruleOf(request)
    if (found === null) return PASSES
    const { rule, keys, needsAddress } = found
    if (rule.skip !== undefined && (await rule.skip(request))) return PASSES
    const { clientAddress, ipv6Prefix, user, apiKey } = this.#guard
    let known: IpAddress | null | undefined
    const address = (): IpAddress | null =>
      (known ??= readClientIp(request, connection, clientAddress))
    // Most rules have one key, of which nothing needs to be waited for.
    const key =
      keys.length === 1 && keys[0] === 'ip'
        ? keyOfAddress(address(), ipv6Prefix)
        : await guardKey(request, keys, {
            address,
            ipv6Prefix,
            user: () => user?.(request) ?? null,
            apiKey: () => apiKey(request),
          })
    const ip = needsAddress ? address() : null
    if (key === null || (needsAddress && ip === null)) return this.#refuse('address-unknown')
    const plan = found.fixed ?? (await found.plan(request, ip))
    const cost = typeof rule.cost === 'function' ? await rule.cost(request) : (rule.cost ?? 1)
    checkCost('check request', cost)
    if (plan.limits.some((one) => fitting(one.cost ?? cost, one) < (one.cost ?? cost)))
      return this.#refuse('too-costly')
    const operation = rule.settle === undefined ? undefined : this.#decider.newOperation()
    const asked = operation === undefined ? { cost } : { cost, operation }
    const decided = this.#decider.decide('check request', key, plan, asked)
    const outcome = decided instanceof Promise ? await decided : decided
    return {
      allowed: outcome.allowed,
      reason: outcome.allowed ? null : 'limited',
      outcome,
      headers: rateLimitHeaders(outcome, this.#guard.headers, this.#decider.clock.now()),
      settle:
        outcome.operation === null
          ? settleNothing
          : async (response) => {
              try {
                const spent = rule.settle?.(response) ?? null
                if (spent === null || spent === cost) return
                checkCost('settle request', spent)
                await this.#decider.settle('settle request', key, plan, operation ?? '', spent)
              } catch (error) {
                this.#guard.settings.onFailure(error)
              }
            },
    }
  }

  /** In a dry run all requests pass, also those that no limit could be asked about. */
  #refuse(reason: 'address-unknown' | 'too-costly'): GuardDecision {
    return this.#guard.settings.dryRun ? PASSES : refused(reason)
  }

  /** The answer to a request that was denied. */
  async respond(decision: GuardDecision, request: Request): Promise<Response> {
    const { respond } = this.#guard
    if (respond !== undefined)
      return withHeaders(await respond(decision, request), decision.headers)
    const { outcome, headers, reason } = decision
    if (outcome !== null) return limitedResponse(outcome, headers)
    return refusal(reason, headers)
  }

  #ruleOf(request: Request): CompiledRule | null {
    const [first] = this.#rules
    if (first?.fitsAll === true) return first
    const path = new URL(request.url).pathname
    const method = request.method.toUpperCase()
    return this.#rules.find((rule) => rule.fits(method, path)) ?? null
  }
}

const PASSES: GuardDecision = {
  allowed: true,
  reason: null,
  outcome: null,
  headers: {},
  settle: settleNothing,
}

async function settleNothing(): Promise<void> {
  // Its cost was known before.
}

function refused(
  reason: Exclude<GuardDecision['reason'], 'limited' | null>,
  headers: GuardDecision['headers'] = {},
): GuardDecision {
  return { ...PASSES, allowed: false, reason, headers }
}

/** Answers of fetch cannot be changed, so they are copied. */
function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const entries = Object.entries(headers)
  if (entries.length === 0) return response
  const answer = new Response(response.body, response)
  for (const [name, value] of entries) answer.headers.set(name, value)
  return answer
}
