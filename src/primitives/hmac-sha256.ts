const BLOCK_BYTES = 64

/** First 32 bits of the fractions of the roots of the first primes (FIPS 180-4 §4.2.2 and §5.3.3). */
const ROUND_CONSTANTS = /* @__PURE__ */ rootFractions(64, Math.cbrt)
const INITIAL_STATE = /* @__PURE__ */ rootFractions(8, Math.sqrt)

/** The 64 words of the block at hand; one for all calls, since none of them waits. */
const schedule = /* @__PURE__ */ new Int32Array(64)

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) computed at once, without a promise: for a short message the round trip through
 * WebCrypto costs several times the hash itself. The two blocks of the key are hashed once.
 *
 * @param secret Any length; longer than a block it is hashed first, as RFC 2104 says
 * @returns A function from a message, below 512 MiB, to its code of 32 bytes
 */
export function createHmacSha256(
  secret: Uint8Array,
): (message: Uint8Array) => Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(BLOCK_BYTES)
  key.set(secret.length > BLOCK_BYTES ? finish(INITIAL_STATE, 0, secret) : secret)
  const [inner, outer] = [0x36, 0x5c].map((pad) => {
    const state = INITIAL_STATE.slice()
    compress(
      state,
      key.map((byte) => byte ^ pad),
    )
    return state
  })
  return (message) => finish(outer, BLOCK_BYTES, finish(inner, BLOCK_BYTES, message))
}

/** Hashes `message` from a state that has seen `seenBytes` before, and leaves that state as it was. */
function finish(
  from: Int32Array = INITIAL_STATE,
  seenBytes: number,
  message: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const state = from.slice()
  const padded = new Uint8Array((message.length + 72) & -BLOCK_BYTES)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setInt32(padded.length - 4, (seenBytes + message.length) * 8)
  compress(state, padded)
  state.forEach((word, index) => view.setInt32(index * 4, word))
  return padded.slice(0, 32)
}

/** Feeds whole blocks to the state (FIPS 180-4 §6.2.2). */
function compress(state: Int32Array, blocks: Uint8Array<ArrayBuffer>): void {
  const words = new DataView(blocks.buffer)
  for (let offset = 0; offset < blocks.length; offset += BLOCK_BYTES) {
    let a = state[0] ?? 0
    let b = state[1] ?? 0
    let c = state[2] ?? 0
    let d = state[3] ?? 0
    let e = state[4] ?? 0
    let f = state[5] ?? 0
    let g = state[6] ?? 0
    let h = state[7] ?? 0
    for (let t = 0; t < 64; t++) {
      const word = t < 16 ? words.getInt32(offset + t * 4) : nextWord(t)
      schedule[t] = word
      const t1 =
        (h +
          (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
          ((e & f) ^ (~e & g)) +
          (ROUND_CONSTANTS[t] ?? 0) +
          word) |
        0
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    const mixed = [a, b, c, d, e, f, g, h]
    mixed.forEach((word, index) => (state[index] = (state[index] ?? 0) + word))
  }
}

function nextWord(t: number): number {
  const early = schedule[t - 15] ?? 0
  const late = schedule[t - 2] ?? 0
  return (
    ((schedule[t - 16] ?? 0) +
      (rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) +
      (schedule[t - 7] ?? 0) +
      (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10))) |
    0
  )
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** Exact on every runtime: a double carries 50 bits of these fractions and 32 are taken. */
function rootFractions(count: number, root: (value: number) => number): Int32Array {
  const bits = new Int32Array(count)
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let divisor = 2
    while (candidate % divisor !== 0) divisor++
    if (divisor === candidate) bits[found++] = (root(candidate) % 1) * 2 ** 32
  }
  return bits
}
