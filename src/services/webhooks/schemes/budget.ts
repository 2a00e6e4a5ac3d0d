/** How much may be done, for all, at the word of messages that nobody has verified yet. */
export interface Budget {
  /** @returns Whether one more thing may be done at `now`, ms since 1970; it is then counted */
  take(now: number): boolean
  /** Takes back one count: what was done turned out to be for an authentic message. */
  giveBack(): void
}

/**
 * @param burst Most at once
 * @param refillMs How long until one more may be done, ms
 */
export function createBudget(burst: number, refillMs: number): Budget {
  let spent = 0
  let at = 0
  return {
    take(now) {
      // A clock that was put back gives nothing and takes nothing away.
      spent = Math.max(spent - Math.max(now - at, 0) / refillMs, 0)
      at = now
      if (spent > burst - 1) return false
      spent++
      return true
    },
    giveBack() {
      spent = Math.max(spent - 1, 0)
    },
  }
}
