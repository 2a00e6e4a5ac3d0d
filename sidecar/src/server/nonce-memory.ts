/** Remembers nonces for as long as a signature of theirs could be accepted. */
export interface NonceMemory {
  /** @returns Whether it is new; `false` also when no more can be remembered */
  remember(nonce: string): boolean
}

/**
 * Remembers in the order of arrival, so that forgetting costs nothing. It is only asked about
 * requests that are signed, yet bounded: when it is full, what is new is refused, not what is known
 * forgotten.
 */
export function createNonceMemory(now: () => number, keepMs: number, most: number): NonceMemory {
  const known = new Map<string, number>()
  return {
    remember(nonce) {
      for (const [old, at] of known) {
        if (now() - at < keepMs) break
        known.delete(old)
      }
      if (known.has(nonce) || known.size >= most) return false
      known.set(nonce, now())
      return true
    },
  }
}
