import { compareUtf8 } from '../../../primitives/compare-utf8.ts'
import type {
  AtomicStore,
  CommitResult,
  ListOptions,
  StoreChange,
  StoreEntry,
  StorePage,
  StorePartition,
} from '../../ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Json } from '../../ports/json.ts'
import {
  checkListOptions,
  checkPartitionName,
  checkStoreKey,
  checkStoreKeys,
  encodeStoreChange,
} from '../../ports/atomic-store/store-limits.ts'
import { createKeyOrder } from './key-order.ts'

/** What a key holds: the value as JSON text, so that neither side can change it under the other. */
interface Slot {
  readonly key: string
  readonly json: string
  readonly version: number
  /** On the stopwatch. */
  readonly expiresAt: number
}

/** Creates the reference {@link AtomicStore}; it lives as long as the process. */
export function createMemoryAtomicStore(clock: Clock): AtomicStore {
  const partitions = new Map<string, StorePartition>()
  let lastVersion = 0
  // Nothing outlives the process, so that nobody who sets the clock has to be believed.
  const elapsedMs = startStopwatch(clock)
  const nextVersion = (): number => ++lastVersion
  return {
    partition(name) {
      checkPartitionName(name)
      const known = partitions.get(name) ?? createPartition(elapsedMs, nextVersion)
      partitions.set(name, known)
      return known
    },
  }
}

function createPartition(elapsedMs: () => number, nextVersion: () => number): StorePartition {
  const slots = new Map<string, Slot>()
  const order = createKeyOrder()

  function live(key: string): Slot | null {
    const slot = slots.get(key)
    if (slot === undefined) return null
    if (slot.expiresAt > elapsedMs()) return slot
    forget(key)
    return null
  }

  function forget(key: string): void {
    if (slots.delete(key)) order.remove(key)
  }

  function list(options: ListOptions | undefined): StorePage {
    const { prefix, cursor, limit, reverse } = checkListOptions(options)
    const entries: StoreEntry[] = []
    const keys = order.keys()
    const from = cursor ?? (reverse ? null : prefix)
    let index = from === null ? keys.size - 1 : keys.indexOf(from) - (reverse ? 1 : 0)
    if (!reverse && cursor !== null && keys.at(index) === cursor) index++
    for (; ; index += reverse ? -1 : 1) {
      const key = keys.at(index)
      if (key === undefined) break
      if (!key.startsWith(prefix) && (!reverse || compareUtf8(key, prefix) < 0)) break
      const slot = key.startsWith(prefix) ? live(key) : null
      if (slot !== null) {
        entries.push(entryOf(slot))
        if (entries.length === limit) break
      }
    }
    const last = entries.at(-1)
    return { entries, cursor: last !== undefined && entries.length === limit ? last.key : null }
  }

  function commit(change: StoreChange): CommitResult {
    const encoded = encodeStoreChange(change)
    for (const { key, version } of encoded.check) {
      const slot = live(key)
      if ((slot?.version ?? null) !== version) {
        return { ok: false, key, current: slot === null ? null : entryOf(slot) }
      }
    }
    const version = nextVersion()
    for (const key of encoded.delete) forget(key)
    for (const { key, json, expiresInMs } of encoded.set) {
      if (!slots.has(key)) order.add(key)
      const expiresAt = expiresInMs === null ? Infinity : elapsedMs() + expiresInMs
      slots.set(key, { key, json, version, expiresAt })
    }
    return { ok: true, version }
  }

  return {
    async get(key) {
      checkStoreKey(key)
      const slot = live(key)
      return slot === null ? null : entryOf(slot)
    },
    async getMany(keys) {
      return checkStoreKeys(keys).map((key) => {
        const slot = live(key)
        return slot === null ? null : entryOf(slot)
      })
    },
    list: async (options) => list(options),
    commit: async (change) => commit(change),
  }
}

function entryOf({ key, json, version }: Slot): StoreEntry {
  // The text was written by JSON.stringify of a Json value.
  return { key, value: JSON.parse(json) as Json, version }
}
