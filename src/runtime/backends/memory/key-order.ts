import { compareUtf8 } from '../../../primitives/compare-utf8.ts'
import { SortedList } from './sorted-list.ts'

/**
 * The keys of a partition in their order, which is made up for when somebody asks for it: most
 * writes are never listed.
 */
export interface KeyOrder {
  /** Takes in a key that it does not have. */
  add(key: string): void
  /** Drops a key that it has. */
  remove(key: string): void
  /** The keys as they are now. What changes later shows in the next answer alone. */
  keys(): SortedList<string>
}

export function createKeyOrder(): KeyOrder {
  const list = new SortedList<string>(compareUtf8)
  const added = new Set<string>()
  const removed = new Set<string>()

  function keys(): SortedList<string> {
    for (const key of removed) list.remove(key)
    for (const key of added) list.add(key)
    removed.clear()
    added.clear()
    return list
  }

  return {
    add(key) {
      if (!removed.delete(key)) added.add(key)
    },
    remove(key) {
      if (!added.delete(key)) removed.add(key)
    },
    keys,
  }
}
