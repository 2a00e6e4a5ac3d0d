import type { FoundImage, ImageBytes } from './image-bytes.ts'

/** Reads a GIF file and counts its frames. */
export function readGif(bytes: ImageBytes): FoundImage {
  let [width, height] = [bytes.u16(6, true), bytes.u16(8, true)]
  let [frames, hasAlpha] = [0, false]
  let at = 13 + tableBytes(bytes.u8(10))
  while (at < bytes.length) {
    const kind = bytes.u8(at)
    if (kind === 0x21) {
      if (bytes.u8(at + 1) === 0xf9 && (bytes.u8(at + 3) & 1) === 1) hasAlpha = true
      at = afterBlocks(bytes, at + 2)
    } else if (kind === 0x2c) {
      // All decoders make room for the first frame, whatever size is said before it.
      if (frames++ === 0) {
        width = Math.max(width, bytes.u16(at + 1, true) + bytes.u16(at + 5, true))
        height = Math.max(height, bytes.u16(at + 3, true) + bytes.u16(at + 7, true))
      }
      at = afterBlocks(bytes, at + 11 + tableBytes(bytes.u8(at + 9)))
    } else break
  }
  return { width, height, frames: Math.max(1, frames), hasAlpha }
}

function tableBytes(packed: number): number {
  return (packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1)
}

function afterBlocks(bytes: ImageBytes, start: number): number {
  let at = start
  while (at < bytes.length && bytes.u8(at) !== 0) at += 1 + bytes.u8(at)
  return at + 1
}
