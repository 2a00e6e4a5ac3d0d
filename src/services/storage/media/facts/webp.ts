import type { FoundImage, ImageBytes } from './image-bytes.ts'
import { readExifOrientation } from './tiff.ts'

/** Reads a WebP file, animated or not. */
export function readWebp(bytes: ImageBytes): FoundImage {
  const first = bytes.text(12, 4)
  if (first === 'VP8 ') {
    if (bytes.u24(23, true) !== 0x2a019d) throw new RangeError('No key frame')
    return {
      width: bytes.u16(26, true) & 0x3fff,
      height: bytes.u16(28, true) & 0x3fff,
      hasAlpha: false,
    }
  }
  if (first === 'VP8L') {
    if (bytes.u8(20) !== 0x2f) throw new RangeError('No signature')
    const bits = bytes.u32(21, true)
    return {
      width: (bits & 0x3fff) + 1,
      height: ((bits >> 14) & 0x3fff) + 1,
      hasAlpha: ((bits >> 28) & 1) === 1,
    }
  }
  if (first !== 'VP8X') throw new RangeError('No image')
  const flags = bytes.u8(20)
  let [frames, orientation] = [0, 1]
  for (let at = 12; at + 8 <= bytes.length;) {
    const type = bytes.text(at, 4)
    const length = bytes.u32(at + 4, true)
    if (type === 'ANMF') frames++
    if (type === 'EXIF' && at + 8 + length <= bytes.length)
      orientation = readExifOrientation(bytes.part(at + 8, length))
    at += 8 + length + (length % 2)
  }
  return {
    width: bytes.u24(24, true) + 1,
    height: bytes.u24(27, true) + 1,
    frames: Math.max(1, frames),
    hasAlpha: (flags & 0x10) !== 0,
    orientation,
  }
}
