import { expectEqual } from '../../conformance.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitStore,
} from '../rate-limit-store.ts'

/** What an adapter supplies to have `rateLimitStoreLaws` run against it. */
export interface RateLimitStoreHarness {
  open(): Promise<RateLimitStore>
  /** Lets the store's clock advance. */
  advance(ms: number): Promise<void>
  /** Sets the store's clock forward or back, as a person or a time server does. */
  step(ms: number): void
  /** The store's clock, ms since 1970. */
  now(): number
}

/** What an adapter needs for laws that hold to the millisecond. */
export const STILL = 'a clock that stands still'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000

/** Asks for one limit. */
export async function ask(
  store: RateLimitStore,
  limit: RateLimit,
  options?: ConsumeOptions,
  subject = 's',
): Promise<RateLimitDecision> {
  const [decision] = await store.consume(subject, [limit], options)
  if (decision === undefined) throw new Error('Expected a decision')
  return decision
}

/** Whether each of so many requests passes. */
export async function passes(
  store: RateLimitStore,
  limit: RateLimit,
  count: number,
): Promise<readonly boolean[]> {
  const allowed: boolean[] = []
  for (let index = 0; index < count; index++) allowed.push((await ask(store, limit)).allowed)
  return allowed
}

/** How many of as many requests as asked for pass, all at once. */
export async function admitted(
  store: RateLimitStore,
  limit: RateLimit,
  count: number,
): Promise<number> {
  const decisions = await Promise.all(Array.from({ length: count }, () => ask(store, limit)))
  return decisions.filter(({ allowed }) => allowed).length
}

/** Units left, without taking one. */
export async function left(store: RateLimitStore, limit: RateLimit): Promise<number> {
  return (await ask(store, { ...limit, cost: 0 })).remaining
}

/** Moves on to where a window of this length begins. */
export async function toWindow(harness: RateLimitStoreHarness, windowMs: number): Promise<void> {
  await harness.advance(windowMs - (harness.now() % windowMs))
}

/** Expects a request to be denied until exactly then, and to pass then. */
export async function expectDeniedFor(
  { advance }: RateLimitStoreHarness,
  store: RateLimitStore,
  limit: RateLimit,
  ms: number,
): Promise<void> {
  const { allowed, retryAfterMs } = await ask(store, limit)
  expectEqual([allowed, retryAfterMs], [false, ms], 'what is said first')
  await advance(ms - 1)
  const last = await ask(store, limit)
  expectEqual([last.allowed, last.retryAfterMs], [false, 1], 'the last millisecond')
  await advance(1)
  expectEqual((await ask(store, limit)).allowed, true, 'the wait to be long enough')
}
