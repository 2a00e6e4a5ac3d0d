import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import type { IpAddress } from '../../../primitives/ip-address.ts'
import { RATE_LIMIT_LIMITS } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import { networkKey } from '../addresses/client-address.ts'
import type { LimitOptions } from '../limits/limit-options.ts'
import { createPlan, type LimitPlan, type PlannedLimit } from '../limits/limit-plan.ts'
import { LIMIT_RULES } from '../limits/limit-rules.ts'
import { checkCost, readLimit, readName } from '../limits/read-limit.ts'
import type { GuardKey, GuardLimits, GuardRule, NetworkLimit } from './guard-rule.ts'
import { pathPattern } from './path-pattern.ts'

/** A rule that has been read. */
export interface CompiledRule {
  readonly rule: GuardRule
  readonly keys: readonly GuardKey[]
  readonly needsAddress: boolean
  fits(method: string, path: string): boolean
  /** Whether it fits every request. */
  readonly fitsAll: boolean
  /** The limits, where they are the same for every request. */
  readonly fixed: LimitPlan | null
  /** The limits of one request. */
  plan(request: Request, ip: IpAddress | null): LimitPlan | Promise<LimitPlan>
}

const LIMITS = ['limit', 'window', 'algorithm', 'burst', 'hardCap', 'limits'] as const
const RULE = [
  ...['path', 'method', 'name', 'key', 'cost', 'settle', 'skip', 'tier', 'tiers', 'networks'],
  ...LIMITS,
] as (keyof GuardRule)[]
const FUNCTIONS = ['settle', 'skip', 'tier'] as const
const NETWORK = ['ipv4', 'ipv6'] as const
const DYNAMIC_PLANS = 100

/** No limit of a rule changes with time. */
const BEGINNING = (): number => 0

/** @throws TypeError or RangeError when the rule is malformed */
export function compileRule(action: string, rule: GuardRule, byDefault: string): CompiledRule {
  checkOptions(action, rule, [], RULE)
  for (const name of FUNCTIONS)
    if (rule[name] !== undefined && typeof rule[name] !== 'function')
      throw new TypeError(
        `Cannot ${action}: ${name} is a ${typeof rule[name]}, a function expected`,
      )
  if ((rule.tier === undefined) !== (rule.tiers === undefined))
    throw new TypeError(`Cannot ${action}: tier and tiers belong together, both or none expected`)
  const name = readName(action, rule.name, () => byDefault)
  const keys = keysOf(action, rule.key ?? 'ip')
  if (typeof rule.cost !== 'function' && rule.cost !== undefined) checkCost(action, rule.cost)
  const own = limitsOf(action, name, rule)
  const tiers = new Map(
    Object.entries(rule.tiers ?? {}).map(([tier, limits]) => {
      checkOptions(action, limits, [], LIMITS)
      return [tier, limitsOf(action, `${name}-${tier}`, limits)]
    }),
  )
  const networks = (rule.networks ?? []).map((network, index) =>
    networkOf(action, `${name}-network-${index + 1}`, network),
  )
  const paths = listOf(rule.path ?? '*').map((path) => pathPattern(action, path))
  const methods = listOf(rule.method ?? []).map((method) => methodOf(action, method))
  // Routers answer HEAD by what answers GET, at the same cost.
  if (methods.includes('GET')) methods.push('HEAD')
  // A cost that can never fit says so now.
  if (typeof rule.cost === 'number')
    for (const { fixed } of [own, ...tiers.values()]) fixed?.prepare(rule.cost, BEGINNING, 0)
  const isFixed = rule.tier === undefined && networks.length === 0 && own.fixed !== null
  return {
    rule,
    keys,
    needsAddress: networks.length > 0,
    fitsAll: methods.length === 0 && listOf(rule.path ?? '*').includes('*'),
    fixed: isFixed ? own.fixed : null,
    fits: (method, path) =>
      (methods.length === 0 || methods.includes(method)) && paths.some((isPath) => isPath(path)),
    async plan(request, ip) {
      const tier = rule.tier === undefined ? null : await rule.tier(request)
      const plan = await ((tier === null ? undefined : tiers.get(tier)) ?? own).plan(request)
      const around = networks.flatMap((network) => network(ip) ?? [])
      return around.length === 0 ? plan : createPlan([...plan.limits, ...around])
    },
  }
}

function keysOf(action: string, key: NonNullable<GuardRule['key']>): readonly GuardKey[] {
  const keys = listOf(key)
  const known: readonly unknown[] = ['ip', 'user', 'api-key', 'everyone']
  if (keys.length > 0 && keys.every((one) => typeof one === 'function' || known.includes(one)))
    return keys
  throw new RangeError(
    `Cannot ${action}: a key is not known, ip, user, api-key, everyone or a function expected`,
  )
}

function methodOf(action: string, method: string): string {
  if (typeof method === 'string' && /^[A-Za-z]{1,32}$/.test(method)) return method.toUpperCase()
  throw new RangeError(`Cannot ${action}: a method is malformed, one such as POST expected`)
}

/** What a rule or a tier of it limits. */
interface RuleLimits {
  /** `null` where it depends on the request. */
  readonly fixed: LimitPlan | null
  plan(request: Request): LimitPlan | Promise<LimitPlan>
}

function limitsOf(action: string, name: string, given: GuardLimits): RuleLimits {
  const { limits, limit, window, algorithm, burst, hardCap } = given
  if (limits !== undefined) {
    const beside = LIMITS.find((one) => one !== 'limits' && given[one] !== undefined)
    if (beside !== undefined)
      throw new TypeError(`Cannot ${action}: ${beside} stands beside limits, one of both expected`)
    const plan = createPlan(
      limits.map((one) => {
        const planned = readLimit(action, one, LIMIT_RULES)
        return renamed(action, `${name}-${planned.name}`, one)
      }),
    )
    plan.prepare(1, BEGINNING, 0)
    return { fixed: plan, plan: () => plan }
  }
  if (limit === undefined || window === undefined)
    throw new TypeError(
      `Cannot ${action}: ${limit === undefined ? 'limit' : 'window'} is missing, one expected`,
    )
  const planFor = (units: number): LimitPlan =>
    createPlan([
      readLimit(
        action,
        {
          ...{ limit: units, window, name },
          ...(algorithm !== undefined && { algorithm }),
          ...(burst !== undefined && { burst }),
          ...(hardCap !== undefined && { hardCap }),
        },
        LIMIT_RULES,
      ),
    ])
  if (typeof limit !== 'function') {
    const plan = planFor(limit)
    plan.prepare(1, BEGINNING, 0)
    return { fixed: plan, plan: () => plan }
  }
  // What is wrong but for the number says so now.
  planFor(burst === undefined ? 2 : burst + 1)
  const plans = new Map<number, LimitPlan>()
  const plan = async (request: Request): Promise<LimitPlan> => {
    const units = checkInteger(action, 'limit', await limit(request), 1, RATE_LIMIT_LIMITS.limit)
    const known = plans.get(units)
    if (known !== undefined) return known
    const made = planFor(units)
    if (plans.size < DYNAMIC_PLANS) plans.set(units, made)
    return made
  }
  return { fixed: null, plan }
}

function renamed(action: string, name: string, options: LimitOptions): PlannedLimit {
  const named = { ...options, name: readName(action, name, () => name) }
  return readLimit(action, named, LIMIT_RULES)
}

function networkOf(
  action: string,
  name: string,
  given: NetworkLimit,
): (ip: IpAddress | null) => PlannedLimit | null {
  checkOptions(action, given, ['limit', 'window'], NETWORK)
  const { ipv4, ipv6, limit, window } = given
  if (ipv4 === undefined && ipv6 === undefined)
    throw new TypeError(`Cannot ${action}: a network has neither ipv4 nor ipv6, one expected`)
  if (ipv4 !== undefined) checkInteger(action, 'ipv4', ipv4, 8, 32)
  if (ipv6 !== undefined) checkInteger(action, 'ipv6', ipv6, 16, 64)
  readLimit(action, { limit, window, name }, LIMIT_RULES)
  return (ip) => {
    const prefix = ip?.version === 4 ? ipv4 : ipv6
    if (ip === null || prefix === undefined) return null
    const given = { limit, window, name, key: networkKey(ip, prefix) }
    return readLimit(action, given, LIMIT_RULES)
  }
}

function listOf<Value>(value: Value | readonly Value[]): readonly Value[] {
  return isList(value) ? value : [value]
}

function isList<Value>(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value)
}
