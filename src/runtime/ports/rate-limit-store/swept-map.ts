/** A map that loses what is over faster than it can grow. */
export interface SweptMap<Value> {
  readonly map: Map<string, Value>
  /** Adds a value, and drops the oldest one where there are too many. */
  add(key: string, value: Value): void
  /** Looks at a few more of all values, and drops those that are over. */
  sweep(now: number): void
}

const LOOKED_AT = 2

/** @param maxEntries Values kept at once: one over it makes room by forgetting the oldest */
export function createSweptMap<Value>(
  maxEntries: number,
  isOverAt: (value: Value, now: number) => boolean,
): SweptMap<Value> {
  const map = new Map<string, Value>()
  // Goes round and round; what is added meanwhile it comes to later.
  let hand = map.entries()
  return {
    map,
    add(key, value) {
      map.set(key, value)
      if (map.size <= maxEntries) return
      const [oldest = key] = map.keys()
      map.delete(oldest)
    },
    sweep(now) {
      for (let looked = 0; looked < LOOKED_AT; looked++) {
        const next = hand.next()
        if (next.done === true) {
          hand = map.entries()
          return
        }
        const [key, value] = next.value
        if (isOverAt(value, now)) map.delete(key)
      }
    },
  }
}
