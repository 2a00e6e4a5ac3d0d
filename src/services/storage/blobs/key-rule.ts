import { utf8Length } from '../../../primitives/utf8.ts'

/** The most UTF-8 bytes that a key may have, on every store. */
const MAX_KEY_BYTES = 1024

/** Control characters, halves of surrogate pairs, and what no XML can carry. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/u
const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/

/**
 * The one rule for keys, kept by every adapter. A dot segment cannot be sent at all: whoever builds
 * a URL resolves it, and so reaches another object, or another bucket.
 *
 * @returns What is wrong with a key, or with the beginning of one, which may be empty; else `null`
 */
export function keyFault(key: unknown): string | null {
  if (typeof key !== 'string') return 'is no text'
  if (key.length > MAX_KEY_BYTES || utf8Length(key) > MAX_KEY_BYTES)
    return `has over ${MAX_KEY_BYTES} bytes`
  if (UNWRITABLE.test(key)) return 'has a control character or half a surrogate pair'
  return DOT_SEGMENT.test(key) ? 'has a segment . or ..' : null
}

/**
 * @returns Whether a bucket may be called so: 1 to 255 of `A–Z a–z 0–9 . _ -`, and not dots alone
 */
export function isBucketName(name: unknown): name is string {
  return typeof name === 'string' && /^(?!\.+$)[\w.-]{1,255}$/.test(name)
}
