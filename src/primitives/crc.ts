/** A cyclic redundancy check of bytes that come piece by piece. */
export interface Crc {
  update(bytes: Uint8Array): void
  /** @returns The check so far, big-endian, as stores write it in base64 */
  digest(): Uint8Array<ArrayBuffer>
}

/** Slices looked up at a time. */
const SLICES = 8
/** Reversed polynomials, low word first: Castagnoli's, and the one of NVM Express (Rocksoft). */
const CASTAGNOLI = [0x82f63b78, 0] as const
const NVME = [0xac4bc9b5, 0x9a6c9329] as const

const tablesByPolynomial = new Map<number, Int32Array>()

/** CRC-32C (RFC 3720 §12.1): what Google Cloud Storage and S3 check uploads with. */
export function createCrc32c(): Crc {
  return createCrc(CASTAGNOLI, 0)
}

/** CRC-64/NVME: what S3 checks uploads with by default. */
export function createCrc64Nvme(): Crc {
  return createCrc(NVME, -1)
}

/** A check of 32 bits is one of 64 whose high word stays zero, so both go one way. */
function createCrc(polynomial: readonly [number, number], startHigh: number): Crc {
  const known = tablesByPolynomial.get(polynomial[0])
  const tables = known ?? tablesOf(polynomial)
  if (known === undefined) tablesByPolynomial.set(polynomial[0], tables)
  let seenLow = -1
  let seenHigh = startHigh
  return {
    update(bytes) {
      const { length } = bytes
      let low = seenLow
      let high = seenHigh
      let at = 0
      for (; at + SLICES <= length; at += SLICES) {
        const a = 2 * (1792 + ((low & 255) ^ (bytes[at] ?? 0)))
        const b = 2 * (1536 + (((low >>> 8) & 255) ^ (bytes[at + 1] ?? 0)))
        const c = 2 * (1280 + (((low >>> 16) & 255) ^ (bytes[at + 2] ?? 0)))
        const d = 2 * (1024 + ((low >>> 24) ^ (bytes[at + 3] ?? 0)))
        const e = 2 * (768 + ((high & 255) ^ (bytes[at + 4] ?? 0)))
        const f = 2 * (512 + (((high >>> 8) & 255) ^ (bytes[at + 5] ?? 0)))
        const g = 2 * (256 + (((high >>> 16) & 255) ^ (bytes[at + 6] ?? 0)))
        const h = 2 * ((high >>> 24) ^ (bytes[at + 7] ?? 0))
        low =
          (tables[a] ?? 0) ^
          (tables[b] ?? 0) ^
          (tables[c] ?? 0) ^
          (tables[d] ?? 0) ^
          (tables[e] ?? 0) ^
          (tables[f] ?? 0) ^
          (tables[g] ?? 0) ^
          (tables[h] ?? 0)
        high =
          (tables[a + 1] ?? 0) ^
          (tables[b + 1] ?? 0) ^
          (tables[c + 1] ?? 0) ^
          (tables[d + 1] ?? 0) ^
          (tables[e + 1] ?? 0) ^
          (tables[f + 1] ?? 0) ^
          (tables[g + 1] ?? 0) ^
          (tables[h + 1] ?? 0)
      }
      for (; at < length; at++) {
        const entry = 2 * ((low ^ (bytes[at] ?? 0)) & 255)
        low = ((low >>> 8) | (high << 24)) ^ (tables[entry] ?? 0)
        high = (high >>> 8) ^ (tables[entry + 1] ?? 0)
      }
      seenLow = low
      seenHigh = high
    },
    digest() {
      const code = new DataView(new ArrayBuffer(8))
      code.setInt32(0, ~seenHigh)
      code.setInt32(4, ~seenLow)
      return new Uint8Array(code.buffer).slice(startHigh === 0 ? 4 : 0)
    },
  }
}

/** For each slice and byte the low and the high word of its check. */
function tablesOf([polynomialLow, polynomialHigh]: readonly [number, number]): Int32Array {
  const tables = new Int32Array(2 * 256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (odd === 0) continue
      low ^= polynomialLow
      high ^= polynomialHigh
    }
    tables[2 * byte] = low
    tables[2 * byte + 1] = high
  }
  for (let entry = 256; entry < 256 * SLICES; entry++) {
    const low = tables[2 * (entry - 256)] ?? 0
    const high = tables[2 * (entry - 256) + 1] ?? 0
    tables[2 * entry] = ((low >>> 8) | (high << 24)) ^ (tables[2 * (low & 255)] ?? 0)
    tables[2 * entry + 1] = (high >>> 8) ^ (tables[2 * (low & 255) + 1] ?? 0)
  }
  return tables
}
