import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { parseIp, type IpAddress } from '../../../primitives/ip-address.ts'
import { createLruCache, type LruCache } from '../../../primitives/lru-cache.ts'
import { ban as banRule } from '../../../runtime/ports/rate-limit-store/algorithms/ban.ts'
import { gcra } from '../../../runtime/ports/rate-limit-store/algorithms/gcra.ts'
import { createLocalRateLimits } from '../../../runtime/ports/rate-limit-store/local-rate-limits.ts'
import {
  prepareRateLimits,
  type PreparedRateLimits,
} from '../../../runtime/ports/rate-limit-store/read-rate-limit.ts'
import { addressKey, networkKey } from '../addresses/client-address.ts'
import { Decider } from '../deciding/decider.ts'
import {
  checkLimiterOptions,
  checkRateLimitingOptions,
  type DecisionSettings,
} from '../deciding/rate-limiting-options.ts'
import { createPlan, type LimitPlan, type PlannedLimit } from '../limits/limit-plan.ts'
import { subjectOf } from '../limits/subject-of.ts'
import { addressList, type AddressList } from './address-list.ts'
import { createBurstDetector, type BurstDetector } from './burst-detector.ts'
import type {
  BanOptions,
  DdosProtectionOptions,
  Priority,
  ProtectionDecision,
} from './protection-options.ts'

const ACTION = 'create DDoS protection'
const YEAR_MS = 31_622_400_000
const OPTIONS = ['allow', 'deny', 'ban', 'network', 'burst', 'capacity', 'onBanned'] as const

/** Addresses of which is remembered in this process how they stand. */
const MAX_KNOWN = 10_000
/** How long nobody asks the store again about an address that was not banned. */
const LOOK_MS = 5000
/** How often offences of one address are told to the store. */
const REPORT_MS = 1000

/** How an address stands, as far as this process knows. */
interface Known {
  /** Banned until then, by the clock of this process; 0 where it is not. */
  bannedUntil: number
  /** Asked again then. */
  lookAt: number
  /** Offences that the store has not been told. */
  untold: number
  toldAt: number
}

/**
 * Bans addresses that offend, for longer each time, and sheds load by importance. It spares the
 * program what an application can: floods that fill the line or the accept queue belong to the
 * network's edge.
 *
 * @example
 * const protection = new DdosProtection({
 *   backend,
 *   deny: ['203.0.113.0/24'],
 *   ban: { offences: 20, window: '1m' },
 * })
 * const guard = new RateLimitGuard({ backend, protection, rules })
 */
export class DdosProtection {
  readonly #settings: DecisionSettings
  readonly #decider: Decider
  readonly #allow: AddressList
  readonly #deny: AddressList
  readonly #ban: PlannedLimit
  readonly #network: {
    readonly ban: PlannedLimit
    readonly ipv4: number
    readonly ipv6: number
  } | null
  readonly #burst: BurstDetector | null
  readonly #capacity: ((priority: Priority) => Promise<number>) | null
  readonly #onBanned: DdosProtectionOptions['onBanned']
  readonly #known: LruCache<Known> = createLruCache(MAX_KNOWN)

  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: DdosProtectionOptions) {
    checkLimiterOptions(ACTION, options, [], OPTIONS)
    for (const name of ['dryRun', 'onLimited'])
      if (Object.hasOwn(options, name))
        throw new TypeError(
          `Cannot ${ACTION}: ${name} means nothing to it, those of the guard expected`,
        )
    const { allow = [], deny = [], ban = {}, network = {}, burst, capacity, onBanned } = options
    if (onBanned !== undefined && typeof onBanned !== 'function')
      throw new TypeError(`Cannot ${ACTION}: onBanned is a ${typeof onBanned}, a function expected`)
    this.#settings = checkRateLimitingOptions(ACTION, options)
    this.#decider = new Decider(this.#settings)
    this.#allow = addressList(ACTION, 'allow', allow)
    this.#deny = addressList(ACTION, 'deny', deny)
    this.#ban = banLimit('ban', ban, ban.offences ?? 20)
    if (network === false) this.#network = null
    else {
      checkOptions(ACTION, network, [], ['ipv4', 'ipv6', 'offences'])
      const { ipv4 = 24, ipv6 = 48, offences = this.#ban.limit * 10 } = network
      this.#network = {
        ban: banLimit('network-ban', ban, offences),
        ipv4: checkInteger(ACTION, 'network.ipv4', ipv4, 8, 32),
        ipv6: checkInteger(ACTION, 'network.ipv6', ipv6, 16, 64),
      }
    }
    this.#burst = burst === undefined ? null : this.#readBurst(burst)
    this.#capacity = capacity === undefined ? null : this.#readCapacity(capacity)
    this.#onBanned = onBanned
  }

  /**
   * Decides about a request of an address. No round trip for one that is known, at most one in 5 s
   * else.
   *
   * @param address The client's, as `clientAddress` answers it
   * @throws RangeError when it is no address
   */
  async check(
    address: string,
    options: { readonly priority?: Priority } = {},
  ): Promise<ProtectionDecision> {
    checkOptions('check address', options, [], ['priority'])
    const { priority = 'normal' } = options
    if (priority !== 'critical' && priority !== 'normal' && priority !== 'low')
      throw new RangeError(
        'Cannot check address: the priority is not known, critical, normal or low expected',
      )
    const ip = readAddress('check address', address)
    if (this.#allow.has(ip)) return { ...PASSES, isTrusted: true }
    if (this.#deny.has(ip)) return { ...PASSES, allowed: false, reason: 'denied-address' }
    const bannedMs = await this.#bannedMs(ip)
    if (bannedMs > 0) return { ...PASSES, allowed: false, reason: 'banned', retryAfterMs: bannedMs }
    const isBurst = this.#burst?.count() === true
    const waitMs = isBurst && priority === 'low' ? 1000 : ((await this.#capacity?.(priority)) ?? 0)
    return waitMs > 0 ? { ...PASSES, allowed: false, reason: 'shed', retryAfterMs: waitMs } : PASSES
  }

  /**
   * Notes offences of an address: a request that a limit denied, a failed login. They are told to
   * the store at once, and then once a second at most. Never rejects.
   */
  async report(address: string, offences = 1): Promise<void> {
    const ip = readAddress('report address', address)
    checkInteger('report address', 'offences', offences, 1, 1_000_000)
    if (this.#allow.has(ip)) return
    const now = this.#settings.clock.now()
    const known = this.#knownOf(ip)
    known.untold = Math.min(known.untold + offences, 1_000_000)
    if (known.bannedUntil > now || (now >= known.toldAt && now - known.toldAt < REPORT_MS)) return
    const cost = known.untold
    known.untold = 0
    known.toldAt = now
    try {
      const outcome = await this.#decider.decide('report address', keyOf(ip), this.#planOf(ip), {
        cost,
        dryRun: false,
      })
      for (const [index, { allowed, nextAfterMs, retryAfterMs }] of outcome.limits.entries()) {
        const bannedMs = allowed ? nextAfterMs : retryAfterMs
        if (bannedMs === 0) continue
        known.bannedUntil = Math.max(known.bannedUntil, now + bannedMs)
        if (outcome.allowed)
          await this.#tell(index === 0 ? keyOf(ip) : this.#networkOf(ip), bannedMs)
      }
    } catch (error) {
      this.#settings.onFailure(error)
    }
  }

  /** Ends the ban of an address, and of the network around it, and forgets their offences. */
  async unban(address: string): Promise<void> {
    const ip = readAddress('unban address', address)
    this.#known.set(keyOf(ip), fresh())
    await this.#decider.reset('unban address', keyOf(ip), this.#planOf(ip))
  }

  async #bannedMs(ip: IpAddress): Promise<number> {
    const { clock } = this.#settings
    const known = this.#knownOf(ip)
    const now = clock.now()
    if (known.bannedUntil > now) return known.bannedUntil - now
    if (now < known.lookAt && known.lookAt - now <= LOOK_MS) return 0
    known.lookAt = now + LOOK_MS
    const outcome = await this.#decider.decide('check address', keyOf(ip), this.#planOf(ip), {
      cost: 0,
      look: true,
    })
    // Who knows nothing of a store that fails bans nobody.
    if (outcome.decidedBy === 'failure') return 0
    const bannedMs = Math.max(...outcome.limits.map(({ retryAfterMs }) => retryAfterMs))
    if (bannedMs > 0) known.bannedUntil = clock.now() + bannedMs
    return bannedMs
  }

  #knownOf(ip: IpAddress): Known {
    const key = keyOf(ip)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = fresh()
    this.#known.set(key, made)
    return made
  }

  #planOf(ip: IpAddress): LimitPlan {
    if (this.#network === null) return createPlan([this.#ban])
    const { ban } = this.#network
    const subject = subjectOf(ACTION, this.#networkOf(ip))
    return createPlan([
      this.#ban,
      { ...ban, at: (cost, now) => ({ ...ban.at(cost, now), subject }) },
    ])
  }

  #networkOf(ip: IpAddress): string {
    const { ipv4 = 24, ipv6 = 48 } = this.#network ?? {}
    return networkKey(ip, ip.version === 4 ? ipv4 : ipv6)
  }

  async #tell(key: string, forMs: number): Promise<void> {
    try {
      await this.#onBanned?.({ key, forMs })
    } catch (error) {
      this.#settings.onFailure(error)
    }
  }

  #readBurst(burst: NonNullable<DdosProtectionOptions['burst']>): BurstDetector {
    checkOptions(ACTION, burst, [], ['factor', 'interval', 'minimum'])
    const { factor = 5, interval = 10_000, minimum = 100 } = burst
    return createBurstDetector(this.#settings.clock, {
      intervalMs: checkDuration(ACTION, 'burst.interval', interval, 100, 3_600_000),
      factor: checkNumber(ACTION, 'burst.factor', factor, 1, 1000),
      minimum: checkInteger(ACTION, 'burst.minimum', minimum, 1, 1e9),
    })
  }

  #readCapacity(
    capacity: NonNullable<DdosProtectionOptions['capacity']>,
  ): (priority: Priority) => Promise<number> {
    checkOptions(ACTION, capacity, ['limit', 'window'])
    const limit = checkInteger(ACTION, 'capacity.limit', capacity.limit, 10, 1e9)
    const windowMs = checkDuration(ACTION, 'capacity.window', capacity.window, 1, YEAR_MS)
    const store = createLocalRateLimits(this.#settings.clock, 1)
    const prepare = (reserve: number): PreparedRateLimits => {
      const asked = { algorithm: 'gcra', name: 'capacity', limit, windowMs, reserve } as const
      return prepareRateLimits([asked], () => gcra)
    }
    const limits = {
      critical: prepare(0),
      normal: prepare(Math.ceil(limit / 10)),
      low: prepare(Math.ceil(limit / 2)),
    }
    return async (priority) => store.consume('everyone', limits[priority])[0]?.retryAfterMs ?? 0
  }
}

const PASSES: ProtectionDecision = {
  allowed: true,
  reason: null,
  isTrusted: false,
  retryAfterMs: 0,
}

function fresh(): Known {
  return { bannedUntil: 0, lookAt: 0, untold: 0, toldAt: -REPORT_MS }
}

function readAddress(action: string, address: string): IpAddress {
  const ip = typeof address === 'string' ? parseIp(address) : null
  if (ip !== null) return ip
  throw new RangeError(`Cannot ${action}: it is no IP address, what clientAddress answers expected`)
}

/** One subscriber of IPv6 has a /64. */
function keyOf(ip: IpAddress): string {
  return addressKey(ip, 64)
}

function banLimit(name: string, ban: BanOptions, offences: number): PlannedLimit {
  checkOptions(ACTION, ban, [], ['offences', 'window', 'duration', 'maxDuration', 'forget'])
  const read = (what: string, value: Duration, least: number): number =>
    checkDuration(ACTION, `ban.${what}`, value, least, YEAR_MS)
  const banMs = read('duration', ban.duration ?? 60_000, 1000)
  const windowMs = read('window', ban.window ?? 60_000, 1000)
  const maxBanMs = read('maxDuration', ban.maxDuration ?? Math.max(banMs, 86_400_000), banMs)
  const forgetMs = read('forget', ban.forget ?? 86_400_000, 0)
  const limit = checkInteger(ACTION, 'offences', offences, 1, 1_000_000)
  return {
    ...{ name, rule: banRule, limit, windowMs, cost: null },
    at: (cost) => ({
      ...{ algorithm: 'ban', name, limit, windowMs, banMs, maxBanMs, forgetMs },
      cost: Math.min(cost, 1_000_000),
    }),
  }
}
