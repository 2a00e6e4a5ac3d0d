import type { Clock } from '../platform/clock.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import type { PreparedRateLimits } from './read-rate-limit.ts'

/**
 * Decides rate limits atomically, on the store's own clock.
 *
 * The laws are in `rate-limit-store.conformance.ts`.
 */
export interface RateLimitStore {
  /**
   * Charges every limit, or none: when one denies, nothing is charged anywhere. One round trip; who
   * is denied writes nothing, unless the clock has stepped back.
   *
   * Limits of other subjects than `subject` may live elsewhere (in another Durable Object, on
   * another node of a Redis cluster). Each part is then one round trip, all at once, and what was
   * taken is given back when another part denies: the limits are never exceeded, but for that
   * moment others may be denied.
   *
   * @param subject Who is limited, e.g. `ip:203.0.113.7`: 1 to 512 UTF-8 bytes
   * @param limits 1 to 16 limits, names distinct within a subject
   * @returns One decision a limit, in order
   * @throws RangeError when a limit is malformed or its cost can never fit
   */
  consume(
    subject: string,
    limits: readonly RateLimit[],
    options?: ConsumeOptions,
  ): Promise<readonly RateLimitDecision[]>

  /**
   * Corrects what an operation took: each limit's `cost` is what it is to have cost in the end. 0
   * gives all back, and forgets the operation. Less gives back no more than was taken, and nothing
   * that has been earned back since or lies in a window that is over. More is taken even where it
   * does not fit, down to nothing left and no further.
   *
   * @returns Where each limit stands then, or `null` when the operation is not known (any more)
   */
  settle(
    subject: string,
    limits: readonly RateLimit[],
    operation: string,
  ): Promise<readonly RateLimitDecision[] | null>

  /** Forgets limits, as if they had never been used. */
  reset(subject: string, limits: readonly RateLimitName[]): Promise<void>

  /** The same without waiting, where all is kept in this process's memory. Absent elsewhere. */
  readonly local?: LocalRateLimits

  /**
   * By what time goes in this process, for those who work on the store. Default: the platform's.
   */
  readonly clock?: Clock
}

/**
 * A {@link RateLimitStore} within this process. Limits come checked, with their algorithms: a
 * program carries those that it uses.
 */
export interface LocalRateLimits {
  /** The store's clock, in whole ms. */
  now(): number
  consume(
    subject: string,
    limits: PreparedRateLimits,
    options?: ConsumeOptions,
  ): readonly RateLimitDecision[]
  /** The same for one limit without an operation, at an instant that {@link now} has said. */
  consumeOne(subject: string, limit: FullRateLimit, now: number): RateLimitDecision
  settle(
    subject: string,
    limits: PreparedRateLimits,
    operation: string,
  ): readonly RateLimitDecision[] | null
  reset(subject: string, limits: readonly RateLimitName[]): void
  /**
   * The same limits, for calls whose subjects all begin so and are given without it. Subjects that
   * limits name are whole.
   */
  within(prefix: string): LocalRateLimits
}

/** Options of {@link RateLimitStore.consume}. */
export interface ConsumeOptions {
  /**
   * Names what the request is part of, 1 to 128 of `A–Z a–z 0–9 . _ : / -`: asked again with the
   * same name, limits that it was charged for let it pass and cost nothing. Needed by concurrency
   * limits, whose slots it holds, and for {@link RateLimitStore.settle}.
   */
  readonly operation?: string
  /**
   * How long the operation is remembered, 1 s to 31 days. Default: the longest window of its
   * limits, at least a minute and at most a day. A slot is held for its lease.
   */
  readonly rememberMs?: number
  /** Only looks whether the request would pass, and charges nothing. Default `false`. */
  readonly look?: boolean
}

/** Which limit of a subject. */
export interface RateLimitName {
  /** Distinguishes the limits of one subject, 1 to 64 characters. */
  readonly name: string
  /** Whose limit it is where it is not the call's subject, e.g. a budget that all share. */
  readonly subject?: string
}

/** What all limits say. */
interface AnyRateLimit extends RateLimitName {
  /** Units (requests, as a rule) a window, a positive integer. */
  readonly limit: number
  /** What this request costs, an integer from 0 (only looks) to what can ever fit. Default 1. */
  readonly cost?: number
  /** Units that this request must leave for others, an integer below `limit`. Default 0. */
  readonly reserve?: number
}

/**
 * The generic cell rate algorithm (GCRA, ITU-T I.371), which is a token bucket refilled without
 * pause and a leaky bucket: `limit` units a window on average, at most `burst` at once. In the
 * worst window `burst + limit − 1` pass.
 */
export interface GcraRateLimit extends AnyRateLimit {
  readonly algorithm: 'gcra'
  /** In which `limit` units are earned, ms. */
  readonly windowMs: number
  /** Units that may come at once. Default: `limit`. */
  readonly burst?: number
  /** Books ahead: lets a request pass that will have been earned within this time. Default 0. */
  readonly maxWaitMs?: number
  /**
   * Books as if the request came so much later, at most `maxWaitMs`: its turn is then, or after the
   * decision's `waitMs` where that is later. Default 0.
   */
  readonly notBeforeMs?: number
}

/**
 * `limit` units in each window, counted from multiples of its length since 1970. Worst window:
 * `2 · limit`.
 */
export interface FixedWindowRateLimit extends AnyRateLimit {
  readonly algorithm: 'fixed-window'
  readonly windowMs: number
}

/**
 * Counts the window and the one before it, of which as much weighs as a window that ends now
 * covers. Two numbers of state; in the worst window nearly `2 · limit` pass.
 */
export interface SlidingWindowRateLimit extends AnyRateLimit {
  readonly algorithm: 'sliding-window'
  readonly windowMs: number
}

/** Remembers each request: never more than `limit` in any window. `limit` is at most 1,000. */
export interface SlidingLogRateLimit extends AnyRateLimit {
  readonly algorithm: 'sliding-log'
  readonly windowMs: number
}

/** `limit` units in each period of a calendar. */
export interface CalendarRateLimit extends AnyRateLimit {
  readonly algorithm: 'calendar'
  /** When periods begin, ms since 1970, ascending: 2 to 16; the last one ends the last period. */
  readonly periods: readonly number[]
}

/**
 * At most `limit` slots held at once, by operations; `limit` is at most 1,000. Asked again an
 * operation keeps its slot for another lease, and {@link RateLimitStore.settle} with cost 0 gives
 * it back.
 */
export interface ConcurrencyRateLimit extends AnyRateLimit {
  readonly algorithm: 'concurrency'
  /** After which a slot comes back by itself, ms. */
  readonly leaseMs: number
}

/**
 * A ban: once `limit` units of offences have come within a window, nothing passes for `banMs`, and
 * for twice as long each further time, until `forgetMs` have passed since the last ban ended. What
 * it counts is its cost; a request that only asks has cost 0.
 */
export interface BanRateLimit extends AnyRateLimit {
  readonly algorithm: 'ban'
  readonly windowMs: number
  readonly banMs: number
  /** Longest ban. */
  readonly maxBanMs: number
  readonly forgetMs: number
}

/** A limit, as data. */
export type RateLimit =
  | GcraRateLimit
  | FixedWindowRateLimit
  | SlidingWindowRateLimit
  | SlidingLogRateLimit
  | CalendarRateLimit
  | ConcurrencyRateLimit
  | BanRateLimit

/** The decision of one limit. */
export interface RateLimitDecision {
  readonly name: string
  /** Whether this limit would let the request pass; the request passes when all do. */
  readonly allowed: boolean
  /** Units left right now, after this request where it was charged. */
  readonly remaining: number
  /** Until the same request could pass, in ms; 0 when it passed this limit. */
  readonly retryAfterMs: number
  /** Until at least one unit is left, in ms; 0 where one is. */
  readonly nextAfterMs: number
  /** Until the limit is as if unused, in ms. */
  readonly resetAfterMs: number
  /** How long a request that was booked ahead must wait before it goes on, in ms. */
  readonly waitMs: number
}
