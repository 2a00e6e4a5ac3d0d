import { checkOptions } from '../../../primitives/check-options.ts'

/** Part of an object: from an offset on, or its last bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number }
  | { readonly suffix: number }

/** First and last byte of a part, both counted from 0. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

const NAMES = ['offset', 'length', 'suffix']

/** @throws RangeError when a number is no whole number, or one below what makes sense */
export function checkByteRange(range: ByteRange): ByteRange {
  checkOptions<Partial<Record<string, number>>>('read range', range, [], NAMES)
  const {
    offset = 0,
    length = 1,
    suffix = 1,
  } = range as Partial<Record<'offset' | 'length' | 'suffix', number>>
  if ('offset' in range === 'suffix' in range)
    throw new RangeError('Cannot read range: either offset or suffix expected')
  if (Number.isSafeInteger(offset) && offset >= 0 && isCount(length) && isCount(suffix))
    return range
  throw new RangeError(
    'Cannot read range: whole numbers expected, an offset of 0 or more, a length or suffix of 1 or more',
  )
}

/** @returns The part of an object of `size` bytes, or `null` when it begins behind the end */
export function spanOf(range: ByteRange, size: number): ByteSpan | null {
  if ('suffix' in range)
    return size === 0 ? null : { start: Math.max(size - range.suffix, 0), end: size - 1 }
  const { offset, length = size } = range
  return offset >= size ? null : { start: offset, end: Math.min(offset + length, size) - 1 }
}

/** @returns The value of a `Range` header */
export function rangeHeader(range: ByteRange): string {
  if ('suffix' in range) return `bytes=-${range.suffix}`
  const { offset, length } = range
  return `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
