/** What a GCRA limit allows: `limit` requests each `windowMs`, at most `burst` at once. */
export interface GcraLimit {
  readonly limit: number
  readonly windowMs: number
  readonly burst: number
}

/** The decision, and the state to store when the request is charged: the theoretical arrival time, ms since 1970. */
export interface GcraDecision {
  readonly allowed: boolean
  readonly arrivalAt: number
  readonly remaining: number
  readonly retryAfterMs: number
  readonly resetAfterMs: number
}

/**
 * Decides one request by the generic cell rate algorithm (ITU-T I.371 virtual scheduling), with one number of state.
 *
 * Plain double arithmetic in this order, which Lua repeats to the bit.
 *
 * @param arrivalAt The stored state, or `null` when the limit is unused
 * @param cost Requests this one counts for; 0 only looks
 */
export function decideGcra(
  limit: GcraLimit,
  arrivalAt: number | null,
  cost: number,
  now: number,
): GcraDecision {
  const intervalMs = limit.windowMs / limit.limit
  const toleranceMs = intervalMs * limit.burst
  const base = arrivalAt === null || arrivalAt < now ? now : arrivalAt
  const next = base + intervalMs * cost
  const allowed = next - now <= toleranceMs
  const after = allowed ? next : base
  return {
    allowed,
    arrivalAt: after,
    remaining: Math.max(Math.floor((toleranceMs - (after - now)) / intervalMs + 1e-9), 0),
    retryAfterMs: allowed ? 0 : Math.ceil(next - now - toleranceMs),
    resetAfterMs: Math.ceil(after - now),
  }
}
