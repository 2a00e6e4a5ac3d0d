/** EXIF and XMP, Photoshop's, comments. What says how colours are meant stays. */
const DROPPED: ReadonlySet<number> = new Set([0xe1, 0xed, 0xfe])

/** @returns The JPEG file without its metadata; as it is where it is no whole one */
export function stripJpegMetadata(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [bytes.subarray(0, 2)]
  let at = 2
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0
    // From here on there are pixels.
    if (marker === 0xda) break
    const end = at + 2 + ((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0)
    if (!DROPPED.has(marker)) kept.push(bytes.subarray(at, end))
    at = end
  }
  kept.push(bytes.subarray(at))
  let length = 0
  for (const part of kept) length += part.length
  if (length === bytes.length) return bytes
  const stripped = new Uint8Array(length)
  let position = 0
  for (const part of kept) {
    stripped.set(part, position)
    position += part.length
  }
  return stripped
}
