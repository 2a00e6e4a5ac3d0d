import { checkParts } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { checkAddressSource, type ClientAddressSource } from '../addresses/client-address.ts'
import {
  checkLimiterOptions,
  checkRateLimitingOptions,
  type DecisionSettings,
  type RateLimitingOptions,
} from '../deciding/rate-limiting-options.ts'
import type { RateLimitHeaderStyle } from '../headers/rate-limit-headers.ts'
import type { GuardDecision } from './guard-decision.ts'
import type { GuardRule } from './guard-rule.ts'

/** How a guard knows callers and answers them. */
export interface GuardSettings extends RateLimitingOptions {
  /** Where the client's address is read. Default `platform`. */
  readonly clientAddress?: ClientAddressSource
  /** Bits of an IPv6 address that make one client, 32 to 128. Default 64. */
  readonly ipv6Prefix?: number
  /** Who is signed in, for rules with the key `user`; `null` where nobody is. */
  readonly user?: (request: Request) => string | null | Promise<string | null>
  /** The API key that a request carries. Default: `Authorization: Bearer …`, else `X-API-Key`. */
  readonly apiKey?: (request: Request) => string | null | Promise<string | null>
  /** Which headers say how things stand. Default `draft`. */
  readonly headers?: RateLimitHeaderStyle
  /**
   * Bans and sheds before rules are looked at, and hears of what they deny: `DdosProtection` fits.
   * The client's address must then be known of every request.
   */
  readonly protection?: GuardProtection
  /** How important a request is to `protection`. Default `normal`. */
  readonly priority?: (request: Request) => 'critical' | 'normal' | 'low'
  /**
   * Answers denied requests in place of problem details; the headers are set on what it answers.
   */
  readonly respond?: (decision: GuardDecision, request: Request) => Response | Promise<Response>
}

/** What a guard asks of a protection. */
export interface GuardProtection {
  check(
    address: string,
    options: { readonly priority: 'critical' | 'normal' | 'low' },
  ): Promise<{
    readonly allowed: boolean
    readonly reason: 'denied-address' | 'banned' | 'shed' | null
    readonly isTrusted: boolean
    readonly retryAfterMs: number
  }>
  report(address: string): Promise<void>
}

/** Options of `RateLimitGuard`. */
export interface GuardOptions extends GuardSettings {
  /** The first rule that fits a request decides; one that none fits passes. */
  readonly rules: readonly GuardRule[]
}

/** Checked, with defaults filled in. */
export interface CheckedGuard {
  readonly settings: DecisionSettings
  readonly clientAddress: ClientAddressSource
  readonly ipv6Prefix: number
  readonly user: GuardSettings['user']
  readonly apiKey: NonNullable<GuardSettings['apiKey']>
  readonly headers: RateLimitHeaderStyle
  readonly respond: GuardSettings['respond']
  readonly protection: GuardProtection | undefined
  readonly priority: NonNullable<GuardSettings['priority']>
}

/** Names of {@link GuardSettings} beside those of every limiter. */
export const GUARD_SETTINGS = [
  'clientAddress',
  'ipv6Prefix',
  'user',
  'apiKey',
  'headers',
  'protection',
  'priority',
  'respond',
] as const

const STYLES: readonly unknown[] = ['draft', 'legacy', 'both', 'none']

/** @throws TypeError or RangeError when an option is malformed */
export function checkGuardOptions(action: string, options: GuardOptions): CheckedGuard {
  checkLimiterOptions(action, options, ['rules'], GUARD_SETTINGS)
  const { clientAddress = 'platform', ipv6Prefix = 64, headers = 'draft' } = options
  const { user, apiKey = bearerOrHeader, respond, protection, priority } = options
  if (protection !== undefined) checkParts(action, 'protection', protection, ['check', 'report'])
  if (priority !== undefined && protection === undefined)
    throw new TypeError(`Cannot ${action}: priority has no protection beside it, one expected`)
  checkAddressSource(action, clientAddress)
  checkInteger(action, 'ipv6Prefix', ipv6Prefix, 32, 128)
  if (!STYLES.includes(headers))
    throw new RangeError(
      `Cannot ${action}: headers is ${JSON.stringify(headers)}, draft, legacy, both or none expected`,
    )
  for (const [name, value] of Object.entries({ user, apiKey, respond, priority }))
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`Cannot ${action}: ${name} is a ${typeof value}, a function expected`)
  const settings = checkRateLimitingOptions(action, options)
  return {
    ...{ settings, clientAddress, ipv6Prefix, user, apiKey, headers, respond, protection },
    priority: priority ?? (() => 'normal'),
  }
}

function bearerOrHeader(request: Request): string | null {
  const bearer = /^Bearer +([^ ]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const given = bearer ?? request.headers.get('x-api-key')
  return given === null || given === '' ? null : given
}
