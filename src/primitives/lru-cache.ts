/** Keeps the values used last, up to a number of them. */
export interface LruCache<Value> {
  /** @returns The value, now the one used last, or `undefined` */
  get(key: string): Value | undefined
  /** Keeps `value` and drops the one not used for longest when there are too many. */
  set(key: string, value: Value): void
}

/** @param maxEntries How many values are kept, at least 1 */
export function createLruCache<Value extends {}>(maxEntries: number): LruCache<Value> {
  const entries = new Map<string, Value>()
  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) keepLatest(entries, maxEntries, key, value)
      return value
    },
    set: (key, value) => keepLatest(entries, maxEntries, key, value),
  }
}

/** Puts an entry last into a `Map`, and drops its first when there are too many. */
export function keepLatest<Value>(
  entries: Map<string, Value>,
  maxEntries: number,
  key: string,
  value: Value,
): void {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size <= maxEntries) return
  const [oldest = key] = entries.keys()
  entries.delete(oldest)
}
