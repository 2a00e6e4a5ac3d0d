import { rateLimitHeaders } from '@white-cross/reuse/infrastructure/rate-limiting'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import {
  BackendError,
  type Clock,
  type RateLimit,
  type RateLimitDecision,
  type RateLimitStore,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Caller } from './caller.ts'

/** How many requests are let through. */
export interface RequestLimits {
  /** Of each key, unless it says otherwise itself. Default 1,000. */
  readonly perMinute?: number
  /** Of all keys of a tenant together. Default 10,000. */
  readonly perMinuteOfTenant?: number
  /** A quota of each tenant, by the day in UTC. Default none. */
  readonly perDayOfTenant?: number
}

/** What became of a request, and the headers that say so. */
export interface LimitedRequest {
  readonly allowed: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** Counts a request of a caller. */
export type LimitRequest = (caller: Caller) => Promise<LimitedRequest>

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const REMEMBERED = 5000

/**
 * Limits keys and tenants, all or nothing in one round trip: the limits of a key stand beside those
 * of its tenant. Who is denied costs no round trip until the time that it was told. While the store
 * fails, each isolate limits by itself.
 */
export function createRequestLimits(
  store: RateLimitStore,
  clock: Clock,
  limits: RequestLimits = {},
): LimitRequest {
  const { perMinute = 1000, perMinuteOfTenant = 10_000, perDayOfTenant } = limits
  const local = memory({ clock }).rateLimits
  const denied = new Map<string, { readonly until: number; readonly decided: Decided }>()

  return async (caller) => {
    const now = clock.now()
    const known = denied.get(caller.id)
    if (known !== undefined && known.until > now)
      return answer(known.decided, known.until - now, now)
    const perKey = caller.requestsPerMinute ?? perMinute
    const { tenant } = caller
    const asked: RateLimit[] = [
      { algorithm: 'gcra', name: nameOf(caller), limit: perKey, windowMs: MINUTE_MS },
      ...(tenant === null
        ? []
        : [
            {
              ...{ algorithm: 'gcra' as const, name: 'tenant', windowMs: MINUTE_MS },
              limit: perMinuteOfTenant,
            },
          ]),
      ...(tenant === null || perDayOfTenant === undefined
        ? []
        : [
            {
              ...{ algorithm: 'calendar' as const, name: 'quota', limit: perDayOfTenant },
              periods: daysAround(now),
            },
          ]),
    ]
    const subject = tenant === null ? caller.id.slice(0, 200) : `tenant:${tenant}`
    const decisions = await consume(subject, asked)
    const decided = { asked, decisions }
    const retryAfterMs = Math.max(...decisions.map((one) => one.retryAfterMs))
    if (retryAfterMs > 0) {
      if (denied.size >= REMEMBERED) denied.clear()
      denied.set(caller.id, { until: now + retryAfterMs, decided })
    }
    return answer(decided, retryAfterMs, now)
  }

  async function consume(
    subject: string,
    asked: readonly RateLimit[],
  ): Promise<readonly RateLimitDecision[]> {
    try {
      return await store.consume(`gateway:${subject}`, asked)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
      return local.consume(`gateway:${subject}`, asked)
    }
  }
}

interface Decided {
  readonly asked: readonly RateLimit[]
  readonly decisions: readonly RateLimitDecision[]
}

function answer({ asked, decisions }: Decided, retryAfterMs: number, now: number): LimitedRequest {
  const standings = decisions.map((decision, index) => {
    const limit = asked[index]
    return {
      ...decision,
      // The key's own name in the store is nobody's business.
      name: index === 0 ? 'api' : decision.name,
      limit: limit?.limit ?? 0,
      windowMs: limit !== undefined && 'windowMs' in limit ? limit.windowMs : DAY_MS,
      ...(decision.allowed ? {} : { retryAfterMs }),
    }
  })
  const allowed = decisions.every((decision) => decision.allowed)
  const deciding = standings.find((one) => !one.allowed) ?? standings[0]
  const outcome = {
    ...{ allowed, retryAfterMs, limits: standings, waitMs: 0, decidedBy: 'store' as const },
    ...{ limit: deciding?.limit ?? 0, remaining: deciding?.remaining ?? 0 },
    ...{ policy: deciding?.name ?? '', resetAt: now, dryRun: false, operation: null },
    pending: Promise.resolve(),
  }
  return { allowed, headers: rateLimitHeaders(outcome, 'draft', now) }
}

/** At most 64 characters, and another one for each caller of a tenant. */
function nameOf({ id }: Caller): string {
  if (/^[\w/-]{1,60}$/.test(id)) return `key:${id.replace('/', ':')}`.slice(0, 64)
  return `key:${checksum(id)}`
}

/** Two subjects of an issuer may come to one: they then share a limit, and nothing else. */
function checksum(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const char of text)
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.codePointAt(0) ?? 0)) * 0x100000001b3n)
  return hash.toString(16)
}

function daysAround(now: number): readonly number[] {
  const start = Math.floor(now / DAY_MS) * DAY_MS
  return [start, start + DAY_MS, start + 2 * DAY_MS]
}
