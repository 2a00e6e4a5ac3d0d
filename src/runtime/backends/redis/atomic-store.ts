import { compareUtf8 } from '../../../primitives/compare-utf8.ts'
import type {
  AtomicStore,
  StoreEntry,
  StorePage,
  StorePartition,
} from '../../ports/atomic-store/atomic-store.ts'
import { BackendError } from '../../ports/backend-error.ts'
import type { Json } from '../../ports/json.ts'
import {
  checkListOptions,
  checkPartitionName,
  checkStoreKey,
  checkStoreKeys,
  encodeStoreChange,
  endOfPrefix,
} from '../../ports/atomic-store/store-limits.ts'
import {
  commitScript,
  getManyScript,
  getScript,
  listScript,
  PARTITION_PARTS,
} from './atomic-store-scripts.ts'
import type { RedisClient } from './client.ts'
import type { KeysOf } from './keys.ts'

/**
 * Creates an {@link AtomicStore} on Redis: a partition is one hash with two sorted sets beside it.
 *
 * @param offset Moves the server's clock, in ms
 */
export function createRedisAtomicStore(
  client: RedisClient,
  keysOf: KeysOf,
  offset: () => number,
): AtomicStore {
  return {
    partition(name) {
      checkPartitionName(name)
      return createPartition(client, keysOf('store', name, PARTITION_PARTS), offset)
    },
  }
}

function createPartition(
  client: RedisClient,
  keys: readonly string[],
  offset: () => number,
): StorePartition {
  return {
    async get(key) {
      checkStoreKey(key)
      const [text] = await client.run(getScript, keys, [String(offset()), toMember(key)])
      return text === undefined ? null : entryOf(key, text)
    },

    async getMany(wanted) {
      const all = checkStoreKeys(wanted)
      if (all.length === 0) return []
      const texts = await client.run(getManyScript, keys, [String(offset()), ...all.map(toMember)])
      return texts.map((text, index) => (text === '' ? null : readableOf(all[index] ?? '', text)))
    },

    async list(options) {
      const { prefix, cursor, limit, reverse } = checkListOptions(options)
      const [first, last] = boundsOf(prefix, cursor, reverse)
      const args = [String(offset()), first, last, String(limit), reverse ? '1' : '0']
      return pageOf(await client.run(listScript, keys, args))
    },

    async commit(change) {
      const { check, set, delete: remove } = encodeStoreChange(change)
      const checksEnd = 3 + check.length * 2
      const [outcome = '', text] = await client.run(commitScript, keys, [
        String(offset()),
        String(checksEnd),
        String(checksEnd + set.length * 3),
        ...check.flatMap(({ key, version }) => [toMember(key), String(version ?? '')]),
        ...set.flatMap(({ key, expiresInMs, json }) => [
          toMember(key),
          String(expiresInMs ?? ''),
          json,
        ]),
        ...remove.map(toMember),
      ])
      const [kind, number] = outcome.split(' ')
      if (kind === 'version') return { ok: true, version: Number(number) }
      const key = check[Number(number)]?.key ?? ''
      return { ok: false, key, current: text === undefined ? null : entryOf(key, text) }
    },
  }
}

/** The bounds of one page, the one to start at first. */
function boundsOf(
  prefix: string,
  cursor: string | null,
  reverse: boolean,
): readonly [string, string] {
  const end = endOfPrefix(prefix)
  const beyond = end === null ? '+' : `(${toMember(end)}`
  const start = `[${toMember(prefix)}`
  const after = cursor === null ? null : `(${toMember(cursor)}`
  if (reverse) {
    const within = cursor !== null && (end === null || compareUtf8(cursor, end) < 0)
    return [within && after !== null ? after : beyond, start]
  }
  const within = cursor !== null && compareUtf8(cursor, prefix) >= 0
  return [within && after !== null ? after : start, beyond]
}

function pageOf([cursor = '', ...found]: readonly string[]): StorePage {
  const entries: StoreEntry[] = []
  const unreadable: string[] = []
  for (let index = 0; index < found.length; index += 2) {
    const key = (found[index] ?? '').slice(1)
    const entry = readableOf(key, found[index + 1] ?? '')
    if (entry === null) unreadable.push(key)
    else entries.push(entry)
  }
  return {
    entries,
    cursor: cursor === '' ? null : cursor.slice(1),
    ...(unreadable.length > 0 && { unreadable }),
  }
}

/** @returns The entry, or `null` when its text is broken */
function readableOf(key: string, text: string): StoreEntry | null {
  try {
    return entryOf(key, text)
  } catch (error) {
    if (error instanceof BackendError) return null
    throw error
  }
}

/** @throws BackendError when the text is broken */
function entryOf(key: string, text: string): StoreEntry {
  try {
    const [head = '', version] = /^(\d+) \d+ /.exec(text) ?? []
    // The text was written by JSON.stringify of a Json value.
    const value = JSON.parse(text.slice(head.length)) as Json
    if (version !== undefined) return { key, value, version: Number(version) }
  } catch {
    // What does not parse stands in the error's message, so that is not handed on.
  }
  throw new BackendError(
    'backend_failed',
    'Cannot read entry: what the server keeps of it is broken, JSON expected',
  )
}

function toMember(key: string): string {
  return `=${key}`
}
