import type { FoundImage, ImageBytes } from './image-bytes.ts'

/** A box of ISO/IEC 14496-12: what is in it lies from `start` to `end`. */
interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

const MOST_BOXES = 10_000

/** Reads an AVIF or HEIF file: the size of its primary image, turned as its properties say. */
export function readHeif(bytes: ImageBytes): FoundImage {
  const meta = find(boxesOf(bytes, 0, bytes.length), 'meta')
  const boxes = boxesOf(bytes, meta.start + 4, meta.end)
  const primary = primaryOf(bytes, find(boxes, 'pitm'))
  const properties = find(boxes, 'iprp')
  const parts = boxesOf(bytes, properties.start, properties.end)
  const container = find(parts, 'ipco')
  const known = boxesOf(bytes, container.start, container.end)
  const own = parts
    .filter(({ type }) => type === 'ipma')
    .flatMap((box) => propertiesOf(bytes, box, primary))
    .map((index) => known[index - 1])
  const size = own.find((box) => box?.type === 'ispe')
  if (size === undefined) throw new RangeError('No size')
  const turn = own.find((box) => box?.type === 'irot')
  const isTurned = turn !== undefined && bytes.u8(turn.start) % 2 === 1
  const [width, height] = [bytes.u32(size.start + 4), bytes.u32(size.start + 8)]
  return {
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    hasAlpha: known.some(
      ({ type, start, end }) =>
        type === 'auxC' && /alpha|auxid:1\0/.test(bytes.text(start + 4, end - start - 4)),
    ),
  }
}

function boxesOf(bytes: ImageBytes, from: number, to: number): Box[] {
  const boxes: Box[] = []
  for (let at = from; at + 8 <= to && boxes.length < MOST_BOXES;) {
    const short = bytes.u32(at)
    const head = short === 1 ? 16 : 8
    const long = short === 1 ? bytes.u32(at + 8) * 2 ** 32 + bytes.u32(at + 12) : short
    const end = short === 0 ? to : at + long
    if (end < at + head || end > to) break
    boxes.push({ type: bytes.text(at + 4, 4), start: at + head, end })
    at = end
  }
  return boxes
}

function find(boxes: readonly Box[], wanted: string): Box {
  const found = boxes.find(({ type }) => type === wanted)
  if (found !== undefined) return found
  throw new RangeError('A box is missing')
}

function primaryOf(bytes: ImageBytes, { start }: Box): number {
  return bytes.u8(start) === 0 ? bytes.u16(start + 4) : bytes.u32(start + 4)
}

/** @returns Which properties an item has, counted from 1 */
function propertiesOf(bytes: ImageBytes, { start }: Box, item: number): number[] {
  const isLong = bytes.u8(start) > 0
  const isWide = (bytes.u24(start + 1) & 1) === 1
  let at = start + 8
  for (let left = bytes.u32(start + 4); left > 0; left--) {
    const id = isLong ? bytes.u32(at) : bytes.u16(at)
    at += isLong ? 4 : 2
    const count = bytes.u8(at++)
    const step = isWide ? 2 : 1
    if (id === item)
      return Array.from({ length: count }, (_, index) =>
        isWide ? bytes.u16(at + 2 * index) & 0x7fff : bytes.u8(at + index) & 0x7f,
      )
    at += count * step
  }
  return []
}
