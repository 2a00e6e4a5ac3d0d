import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { stringifyJson } from '../../../primitives/stringify-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { STORE_LIMITS, type ListOptions, type StoreChange } from './atomic-store.ts'
import type { Json } from '../json.ts'

/** A checked commit with its values as JSON text: what an adapter writes. */
export interface EncodedChange {
  readonly check: readonly { readonly key: string; readonly version: number | null }[]
  readonly set: readonly {
    readonly key: string
    readonly json: string
    readonly expiresInMs: number | null
  }[]
  readonly delete: readonly string[]
}

/** @throws RangeError when the partition name is empty or over its limit */
export function checkPartitionName(name: string): void {
  checkLength('Cannot open store partition: its name', name, STORE_LIMITS.partitionBytes)
}

/** @throws RangeError when the key is empty or over its limit */
export function checkStoreKey(key: string): void {
  checkLength('Cannot use store key: it', key, STORE_LIMITS.keyBytes)
}

/**
 * @returns A copy, which the caller can no longer change; @throws RangeError when there are too
 *   many keys, or one is malformed
 */
export function checkStoreKeys(keys: readonly string[]): readonly string[] {
  if (keys.length > STORE_LIMITS.operations)
    throw new RangeError(
      `Cannot read store: ${keys.length} keys at once, at most ${STORE_LIMITS.operations} allowed`,
    )
  for (const key of keys) checkStoreKey(key)
  return [...keys]
}

/**
 * @throws RangeError or TypeError when the change breaks one of {@link STORE_LIMITS} or is not JSON
 */
export function encodeStoreChange(change: StoreChange): EncodedChange {
  const { check = [], set = [], delete: remove = [] } = change
  const operations = check.length + set.length + remove.length
  if (operations > STORE_LIMITS.operations) {
    throw new RangeError(
      `Cannot commit to store: ${operations} operations, at most ${STORE_LIMITS.operations} allowed`,
    )
  }
  const written = new Set<string>()
  for (const key of [...set.map((entry) => entry.key), ...remove]) {
    checkStoreKey(key)
    if (written.has(key))
      throw new RangeError('Cannot commit to store: a key is written twice in one commit')
    written.add(key)
  }
  // An index holds the very value that it points to: written under several keys, it is encoded
  // once.
  const encoded = new Map<Json, string>()
  return {
    check: check.map(({ key, version }) => {
      checkStoreKey(key)
      if (version !== null && !Number.isSafeInteger(version))
        throw new RangeError('Cannot commit to store: a checked version is no integer')
      return { key, version }
    }),
    set: set.map(({ key, value, expiresInMs = null }) => ({
      key,
      json: encodeOnce(value, encoded),
      expiresInMs: checkExpiry(expiresInMs),
    })),
    delete: [...remove],
  }
}

/** @throws RangeError when an option is out of range */
export function checkListOptions(
  options: ListOptions = {},
): Required<Omit<ListOptions, 'cursor'>> & { readonly cursor: string | null } {
  const { prefix = '', cursor = null, limit = 100, reverse = false } = options
  checkWellFormed('Cannot list store: the prefix', prefix)
  checkWellFormed('Cannot list store: the cursor', cursor ?? '')
  checkInteger('list store', 'limit', limit, 1, 1000)
  return { prefix, cursor, limit, reverse }
}

/**
 * The smallest text above every text that starts with `prefix`, by UTF-8 bytes; `null` when there
 * is none.
 */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0)
  while (points.length > 0) {
    const last = points.pop() ?? 0
    if (last >= 0x10ffff) continue
    const next = last + 1
    return String.fromCodePoint(...points, next >= 0xd800 && next <= 0xdfff ? 0xe000 : next)
  }
  return null
}

function encodeOnce(value: Json, encoded: Map<Json, string>): string {
  const known = encoded.get(value)
  if (known !== undefined) return known
  const json = encodeValue(value)
  if (typeof value === 'object') encoded.set(value, json)
  return json
}

function textOf(value: Json): string {
  try {
    return stringifyJson(value)
  } catch (cause) {
    const fault = readThrown(cause).message.replace(/^.*?: value/, 'value')
    throw new TypeError(`Cannot commit to store: ${fault}`, { cause })
  }
}

function encodeValue(value: Json): string {
  const json = textOf(value)
  const bytes = json.length * 3 <= STORE_LIMITS.valueBytes ? 0 : utf8Length(json)
  if (bytes > STORE_LIMITS.valueBytes) {
    throw new RangeError(
      `Cannot commit to store: a value has ${bytes} bytes, at most ${STORE_LIMITS.valueBytes} allowed`,
    )
  }
  return json
}

function checkExpiry(expiresInMs: number | null): number | null {
  if (expiresInMs === null) return null
  const most = STORE_LIMITS.expiresInMs
  // A fraction of a millisecond counts as one.
  const ms = Math.ceil(checkNumber('commit to store', 'expiresInMs', expiresInMs, 0, most))
  return checkInteger('commit to store', 'expiresInMs', ms, 1, most)
}

function checkLength(what: string, text: string, most: number): void {
  if (typeof text !== 'string') throw new TypeError(`${what} is no text, one expected`)
  // No UTF-16 unit takes more than three bytes, so that most texts need not be encoded to be
  // counted.
  const bytes = text.length > 0 && text.length * 3 <= most ? 1 : utf8Length(text)
  if (bytes < 1 || bytes > most)
    throw new RangeError(`${what} has ${bytes} bytes, 1 to ${most} allowed`)
  checkWellFormed(what, text)
}

/**
 * A lone surrogate has no UTF-8: backends would store another text, and two keys would become one.
 */
function checkWellFormed(what: string, text: string): void {
  if (!text.isWellFormed())
    throw new RangeError(`${what} holds half a surrogate pair, well-formed text expected`)
}
