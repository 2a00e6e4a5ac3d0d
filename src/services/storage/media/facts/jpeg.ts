import type { FoundImage, ImageBytes } from './image-bytes.ts'
import { readExifOrientation } from './tiff.ts'

/** Reads a JPEG file up to its frame header. */
export function readJpeg(bytes: ImageBytes): FoundImage {
  let orientation: number | null = null
  let at = 2
  for (;;) {
    // Fill bytes may stand before a marker.
    while (bytes.u8(at) === 0xff && bytes.u8(at + 1) === 0xff) at++
    if (bytes.u8(at) !== 0xff) throw new RangeError('No marker')
    const marker = bytes.u8(at + 1)
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2
      continue
    }
    if (marker === 0xd9 || marker === 0xda) throw new RangeError('No frame header')
    const length = bytes.u16(at + 2)
    if (length < 2) throw new RangeError('No length')
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return {
        height: bytes.u16(at + 5),
        width: bytes.u16(at + 7),
        hasAlpha: false,
        orientation: orientation ?? 1,
      }
    // Of several the first is believed, as by those who decode.
    if (marker === 0xe1 && bytes.has(at + 4, 'Exif\0\0'))
      orientation ??= readExifOrientation(bytes.part(at + 4, length - 2))
    at += 2 + length
  }
}
