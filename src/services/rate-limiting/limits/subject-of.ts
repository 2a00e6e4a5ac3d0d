import { utf8Length } from '../../../primitives/utf8.ts'

/** Keeps this service's subjects apart from those that other services limit. */
export const SUBJECT_PREFIX = 'rate:'

/** UTF-8 bytes of a key: with the prefix and what hosts put before it, it still is a subject. */
const MAX_KEY_BYTES = 480

/**
 * The port's subject of a key.
 *
 * @throws TypeError when the key is no text
 * @throws RangeError when it is empty, too long or not well-formed
 */
export function subjectOf(action: string, key: string): string {
  return SUBJECT_PREFIX + checkKey(action, key)
}

/** @returns The key. @throws The same */
export function checkKey(action: string, key: string): string {
  if (typeof key !== 'string')
    throw new TypeError(`Cannot ${action}: the key is a ${typeof key}, a text expected`)
  const bytes = key.length * 3 > MAX_KEY_BYTES ? utf8Length(key) : key.length
  if (bytes < 1 || bytes > MAX_KEY_BYTES)
    throw new RangeError(
      `Cannot ${action}: the key has ${bytes} bytes, 1 to ${MAX_KEY_BYTES} expected`,
    )
  if (!key.isWellFormed())
    throw new RangeError(
      `Cannot ${action}: the key holds half a surrogate pair, well-formed text expected`,
    )
  return key
}
