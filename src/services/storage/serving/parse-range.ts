import type { ByteRange } from '../blobs/byte-range.ts'

/**
 * Reads a `Range` header (RFC 9110 §14.2).
 *
 * @returns The one range that is asked for, or `null` for what a server may answer in whole: no
 *   range of bytes, several ranges, a malformed one
 */
export function parseRange(header: string | null): ByteRange | null {
  // A list of one may have empty elements beside it (RFC 9110 §5.6.1.2).
  const match = /^bytes=[ \t,]*(\d*)-(\d*)[ \t,]*$/i.exec(header ?? '')
  if (match === null) return null
  const [, first = '', last = ''] = match
  const [from, to] = [Number(first), Number(last)]
  if (first === '') return last === '' ? null : suffixOf(Math.min(to, Number.MAX_SAFE_INTEGER))
  if (last !== '' && to < from) return null
  if (!Number.isSafeInteger(from)) return { offset: Number.MAX_SAFE_INTEGER }
  if (last === '') return { offset: from }
  return Number.isSafeInteger(to - from + 1)
    ? { offset: from, length: to - from + 1 }
    : { offset: from }
}

/** Of the last nothing there is nothing: a range that no object satisfies. */
function suffixOf(bytes: number): ByteRange {
  return bytes === 0 ? { offset: Number.MAX_SAFE_INTEGER } : { suffix: bytes }
}
