import type { FoundImage, ImageBytes } from './image-bytes.ts'

const WIDTH = 256
const HEIGHT = 257
const ORIENTATION = 274
const EXTRA_SAMPLES = 338
const MOST_PAGES = 10_000
const MOST_TAGS = 1000

/** Reads a TIFF file. */
export function readTiff(bytes: ImageBytes): FoundImage {
  const little = isLittle(bytes)
  let at = bytes.u32(4, little)
  const first = readTags(bytes, at, little)
  let frames = 0
  for (const seen = new Set<number>(); at !== 0 && !seen.has(at) && frames < MOST_PAGES; frames++) {
    seen.add(at)
    const next = at + 2 + 12 * bytes.u16(at, little)
    at = next + 4 <= bytes.length ? bytes.u32(next, little) : 0
  }
  return {
    width: first.get(WIDTH) ?? 0,
    height: first.get(HEIGHT) ?? 0,
    frames,
    hasAlpha: [1, 2].includes(first.get(EXTRA_SAMPLES) ?? 0),
    orientation: first.get(ORIENTATION) ?? 1,
  }
}

/**
 * Reads the orientation out of EXIF, which has TIFF's form.
 *
 * @returns 1 where there is none, or EXIF is broken: the image itself may be whole
 */
export function readExifOrientation(bytes: ImageBytes): number {
  try {
    const start = bytes.has(0, 'Exif\0\0') ? 6 : 0
    const exif = bytes.part(start, bytes.length - start)
    const little = isLittle(exif)
    return readTags(exif, exif.u32(4, little), little).get(ORIENTATION) ?? 1
  } catch {
    return 1
  }
}

function isLittle(bytes: ImageBytes): boolean {
  return bytes.has(0, 'II')
}

/** Reads the tags that hold one number. */
function readTags(bytes: ImageBytes, at: number, little: boolean): ReadonlyMap<number, number> {
  const count = Math.min(bytes.u16(at, little), MOST_TAGS)
  const tags = new Map<number, number>()
  for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12) {
    const type = bytes.u16(entry + 2, little)
    if (type === 3) tags.set(bytes.u16(entry, little), bytes.u16(entry + 8, little))
    if (type === 4) tags.set(bytes.u16(entry, little), bytes.u32(entry + 8, little))
  }
  return tags
}
