import type { FoundImage, ImageBytes } from './image-bytes.ts'
import { readExifOrientation } from './tiff.ts'

/** Reads a PNG file, animated or not. */
export function readPng(bytes: ImageBytes): FoundImage {
  const colour = bytes.u8(25)
  let [frames, hasAlpha, orientation] = [1, colour === 4 || colour === 6, 1]
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = bytes.u32(at)
    const type = bytes.text(at + 4, 4)
    if (type === 'acTL') frames = Math.max(1, bytes.u32(at + 8))
    if (type === 'tRNS') hasAlpha = true
    if (type === 'eXIf' && at + 8 + length <= bytes.length)
      orientation = readExifOrientation(bytes.part(at + 8, length))
    if (type === 'IEND') break
    at += 12 + length
  }
  return { width: bytes.u32(16), height: bytes.u32(20), frames, hasAlpha, orientation }
}
