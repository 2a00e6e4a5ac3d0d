import type { AtomicStore, StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { keyOf, stopIn } from './address-record.ts'
import type { SuppressionList } from './suppressions.ts'

/** Looks up what stops messages to addresses, as each message does before it is sent. */
export function findStops(store: AtomicStore, clock: Clock): SuppressionList['findAll'] {
  return async (channel, addresses, category, critical) => {
    const keys = addresses.map((address) => keyOf(channel, address))
    const entries = new Map<string, StoreEntry | null>()
    await Promise.all(
      [...Map.groupBy(keys, ({ partition }) => partition)].map(async ([name, wanted]) => {
        const partition = store.partition(name)
        // An answer may be cut short where it would be too long.
        for (let start = 0; start < wanted.length;) {
          const asked = wanted.slice(start, start + 128).map(({ key }) => key)
          const found = await partition.getMany(asked)
          found.forEach((entry, index) => entries.set(asked[index] ?? '', entry))
          start += found.length
        }
      }),
    )
    const now = clock.now()
    return keys.map(({ key }) => stopIn(entries.get(key) ?? null, category, critical, now))
  }
}
