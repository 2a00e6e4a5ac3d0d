/** What each byte does to the remainder; made when it is first needed, 256 numbers. */
let table: Uint32Array | null = null

/** @returns The CRC-32 of `bytes` (ISO 3309, as zip and PNG use it), as an unsigned number */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => remainderOf(byte))
  let crc = -1
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return ~crc >>> 0
}

function remainderOf(byte: number): number {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  return crc
}
