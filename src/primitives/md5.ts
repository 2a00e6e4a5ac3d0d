const BLOCK_BYTES = 64
/** Left rotations of each round of 16 steps, four by four (RFC 1321 §3.4). */
const ROTATIONS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

let sines: Int32Array | undefined

/** An MD5 of bytes that come piece by piece. */
export interface Md5 {
  update(bytes: Uint8Array): void
  /** @returns The 16 bytes; nothing may be added afterwards */
  digest(): Uint8Array<ArrayBuffer>
}

/**
 * MD5 (RFC 1321), which no WebCrypto but workerd's has: a checksum that stores still ask for, never
 * a protection against anyone.
 */
export function createMd5(): Md5 {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476])
  const words = new Int32Array(16)
  const rest = new Uint8Array(BLOCK_BYTES)
  let seenBytes = 0

  function add(bytes: Uint8Array): void {
    let at = 0
    const restBytes = seenBytes % BLOCK_BYTES
    seenBytes += bytes.length
    if (restBytes > 0) {
      at = Math.min(BLOCK_BYTES - restBytes, bytes.length)
      rest.set(bytes.subarray(0, at), restBytes)
      if (restBytes + at < BLOCK_BYTES) return
      load(words, rest, 0)
      compress(state, words)
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
      load(words, bytes, at)
      compress(state, words)
    }
    rest.set(bytes.subarray(at))
  }

  return {
    update: add,
    digest() {
      const length = seenBytes
      const padding = new Uint8Array(((119 - (length % BLOCK_BYTES)) % BLOCK_BYTES) + 9)
      padding[0] = 0x80
      const view = new DataView(padding.buffer)
      view.setUint32(padding.length - 8, length * 8, true)
      view.setUint32(padding.length - 4, length / 2 ** 29, true)
      add(padding)
      const code = new DataView(new ArrayBuffer(16))
      for (let word = 0; word < 4; word++) code.setInt32(word * 4, state[word] ?? 0, true)
      return new Uint8Array(code.buffer)
    },
  }
}

function load(words: Int32Array, bytes: Uint8Array, offset: number): void {
  let at = offset
  for (let word = 0; word < 16; word++)
    words[word] =
      (bytes[at++] ?? 0) |
      ((bytes[at++] ?? 0) << 8) |
      ((bytes[at++] ?? 0) << 16) |
      ((bytes[at++] ?? 0) << 24)
}

function compress(state: Int32Array, words: Int32Array): void {
  const table = (sines ??= Int32Array.from(
    { length: 64 },
    (_, step) => Math.abs(Math.sin(step + 1)) * 2 ** 32,
  ))
  let a = state[0] ?? 0
  let b = state[1] ?? 0
  let c = state[2] ?? 0
  let d = state[3] ?? 0
  for (let step = 0; step < 64; step++) {
    let mixed: number
    let word: number
    if (step < 16) {
      mixed = d ^ (b & (c ^ d))
      word = step
    } else if (step < 32) {
      mixed = c ^ (d & (b ^ c))
      word = 5 * step + 1
    } else if (step < 48) {
      mixed = b ^ c ^ d
      word = 3 * step + 5
    } else {
      mixed = c ^ (b | ~d)
      word = 7 * step
    }
    const sum = (((((a + mixed) | 0) + (table[step] ?? 0)) | 0) + (words[word & 15] ?? 0)) | 0
    const bits = ROTATIONS[((step >> 2) & 12) | (step & 3)] ?? 0
    a = d
    d = c
    c = b
    b = (b + ((sum << bits) | (sum >>> (32 - bits)))) | 0
  }
  state[0] = (state[0] ?? 0) + a
  state[1] = (state[1] ?? 0) + b
  state[2] = (state[2] ?? 0) + c
  state[3] = (state[3] ?? 0) + d
}
