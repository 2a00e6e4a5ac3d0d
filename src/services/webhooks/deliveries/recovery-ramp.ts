/** How many requests a second an endpoint gets at first when it is back. */
const FIRST_PER_SECOND = 2
/** The rate doubles each time this passes. */
const DOUBLING_MS = 15_000
/** From then on there is no limit: 256 a second by then. */
export const RAMP_MS: number = 7 * DOUBLING_MS
const LAST_PER_SECOND = FIRST_PER_SECOND * 2 ** (RAMP_MS / DOUBLING_MS)

const PASSED_AT_END = rampCountAt(RAMP_MS)

/**
 * How far apart requests come, some time after an endpoint has come back from an outage: what has
 * piled up meanwhile must not put it out again.
 *
 * @returns In ms, `null` when there is no limit any more
 */
export function rampIntervalMs(sinceMs: number): number | null {
  if (sinceMs < 0 || sinceMs >= RAMP_MS) return null
  return Math.max(Math.round(1000 / (FIRST_PER_SECOND * 2 ** (sinceMs / DOUBLING_MS))), 1)
}

/** How many requests may have passed so long after it came back: the area below the rate. */
export function rampCountAt(sinceMs: number): number {
  const ms = Math.min(sinceMs, RAMP_MS)
  const passed =
    ((FIRST_PER_SECOND * DOUBLING_MS) / 1000 / Math.LN2) * (2 ** (ms / DOUBLING_MS) - 1)
  return passed + (Math.max(sinceMs - RAMP_MS, 0) * LAST_PER_SECOND) / 1000
}

/**
 * When the n-th of those that wait has its turn, so that they come back along the ramp and not all
 * when it ends.
 *
 * @param count How many go before, since the endpoint came back
 * @returns In ms since then
 */
export function rampSlotMs(count: number): number {
  if (count > PASSED_AT_END) return RAMP_MS + ((count - PASSED_AT_END) * 1000) / LAST_PER_SECOND
  const share = (count * 1000 * Math.LN2) / (FIRST_PER_SECOND * DOUBLING_MS)
  return DOUBLING_MS * Math.log2(1 + share)
}
