import type { Duration } from '../../../primitives/duration.ts'
import type { LimitOptions } from '../limits/limit-options.ts'

/** What a key is made of: see {@link GuardRule.key}. */
export type GuardKey =
  | 'ip'
  | 'user'
  | 'api-key'
  | 'everyone'
  | ((request: Request) => string | Promise<string>)

/** One or several limits, as a rule or a tier of it has them. */
export interface GuardLimits {
  /**
   * Units a window; a function is asked for each request. Where the number changes, `gcra` keeps
   * the part of it that is used, the window algorithms the units.
   */
  readonly limit?: number | ((request: Request) => number | Promise<number>)
  readonly window?: Duration
  readonly algorithm?: LimitOptions['algorithm']
  readonly burst?: number
  readonly hardCap?: boolean
  /** Several limits instead, all or nothing. */
  readonly limits?: readonly LimitOptions[]
}

/** Which requests are limited by what. The first rule whose path and method fit decides. */
export interface GuardRule extends GuardLimits {
  /** `/api/*`, `/users/:id` or several. Default: every path. */
  readonly path?: string | readonly string[]
  /** `POST` or several; `GET` is `HEAD` as well. Default: every method. */
  readonly method?: string | readonly string[]
  /**
   * Keeps the rule's budgets apart from other rules' and names them in headers. Default `default`.
   */
  readonly name?: string
  /**
   * Whose budget it is: the client's address (`ip`, IPv6 by its /64), the guard's `user`, the API
   * key (by its digest), all clients together, or what a function answers. Several make one key
   * together. Where there is no user or no API key, it is the address. Default `ip`.
   */
  readonly key?: GuardKey | readonly GuardKey[]
  /** Units that a request costs. Default 1. */
  readonly cost?: number | ((request: Request) => number | Promise<number>)
  /**
   * What a request has cost once its answer is known, in place of `cost`, e.g. 5 for a failed login
   * and 0 for a good one. Needs `handle` or the middleware.
   */
  readonly settle?: (response: Response) => number | null
  /** Lets requests pass unlimited. */
  readonly skip?: (request: Request) => boolean | Promise<boolean>
  /** Chooses among `tiers`; one that is not there, or `null`, leaves the rule's own limits. */
  readonly tier?: (request: Request) => string | null | Promise<string | null>
  /** Limits in place of the rule's own, by tier; each has budgets of its own. */
  readonly tiers?: Readonly<Record<string, GuardLimits>>
  /**
   * Further limits for the networks around an address, so that nobody gets around by many addresses
   * of one.
   */
  readonly networks?: readonly NetworkLimit[]
}

/** A limit that all addresses of a network share. */
export interface NetworkLimit {
  /** Bits of an IPv4 network, 8 to 32. Default: addresses of IPv4 have no such limit. */
  readonly ipv4?: number
  /** Bits of an IPv6 network, 16 to 64. Default: addresses of IPv6 have no such limit. */
  readonly ipv6?: number
  readonly limit: number
  readonly window: Duration
}
