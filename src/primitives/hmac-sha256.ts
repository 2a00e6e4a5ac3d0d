const BLOCK_BYTES = 64

/**
 * First 32 bits of the fractions of the roots of the first primes (FIPS 180-4 §4.2.2 and §5.3.3).
 */
const ROUND_CONSTANTS = /* @__PURE__ */ rootFractions(64, Math.cbrt)
const INITIAL_STATE = /* @__PURE__ */ rootFractions(8, Math.sqrt)

/**
 * The hash so far and the 64 words of the block at hand; one of each for all calls, since none of
 * them waits.
 */
const state = /* @__PURE__ */ new Int32Array(8)
const schedule = /* @__PURE__ */ new Int32Array(64)

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) computed at once, without a promise: for a short message the
 * round trip through WebCrypto costs several times the hash itself. The two blocks of the key are
 * hashed once.
 *
 * @param secret Any length; longer than a block it is hashed first, as RFC 2104 says
 * @returns A function from a message, below 512 MiB, to its code of 32 bytes
 */
export function createHmacSha256(
  secret: Uint8Array,
): (message: Uint8Array) => Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(BLOCK_BYTES)
  key.set(secret.length > BLOCK_BYTES ? finish(INITIAL_STATE, 0, secret) : secret)
  const stateOf = (pad: number): Int32Array => {
    state.set(INITIAL_STATE)
    load(key.map((byte) => byte ^ pad))
    compress()
    return state.slice()
  }
  const inner = stateOf(0x36)
  const outer = stateOf(0x5c)
  return (message) => finish(outer, BLOCK_BYTES, finish(inner, BLOCK_BYTES, message))
}

/** Hashes `message` from a state that has seen `seenBytes` before. */
function finish(from: Int32Array, seenBytes: number, message: Uint8Array): Uint8Array<ArrayBuffer> {
  state.set(from)
  const { length } = message
  for (let offset = 0; offset < length + 9; offset += BLOCK_BYTES) {
    load(message, offset)
    if (offset + 56 > length) schedule[15] = (seenBytes + length) * 8
    compress()
  }
  const code = new Uint8Array(32)
  for (let at = 0; at < 32; at++) code[at] = (state[at >> 2] ?? 0) >>> (24 - (at & 3) * 8)
  return code
}

/**
 * Takes the next block, what is past the message as the bit that ends it and zeros (FIPS 180-4
 * §5.1.1).
 */
function load(message: Uint8Array, offset = 0): void {
  const { length } = message
  const end = offset + BLOCK_BYTES
  let at = offset
  // A load past an array's end would make all loads of this line slow, so the last blocks have
  // their own.
  if (end <= length)
    for (let t = 0; t < 16; t++)
      schedule[t] =
        ((message[at++] ?? 0) << 24) |
        ((message[at++] ?? 0) << 16) |
        ((message[at++] ?? 0) << 8) |
        (message[at++] ?? 0)
  for (; at < end; at++) {
    const t = (at - offset) >> 2
    const byte = at < length ? (message[at] ?? 0) : at > length ? 0 : 0x80
    schedule[t] = ((schedule[t] ?? 0) << 8) | byte
  }
}

/**
 * Feeds the loaded block to the state (FIPS 180-4 §6.2.2). In one piece, with `| 0` after each sum
 * and no closure, because that is what engines keep in registers.
 */
function compress(): void {
  let a = state[0] ?? 0
  let b = state[1] ?? 0
  let c = state[2] ?? 0
  let d = state[3] ?? 0
  let e = state[4] ?? 0
  let f = state[5] ?? 0
  let g = state[6] ?? 0
  let h = state[7] ?? 0
  for (let t = 0; t < 64; t++) {
    if (t > 15) {
      const early = schedule[t - 15] ?? 0
      const late = schedule[t - 2] ?? 0
      schedule[t] =
        (((rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) + (schedule[t - 16] ?? 0)) | 0) +
        (((rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)) + (schedule[t - 7] ?? 0)) | 0)
    }
    const t1 =
      (((((h + (ROUND_CONSTANTS[t] ?? 0)) | 0) + (schedule[t] ?? 0)) | 0) +
        (((rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g)))) | 0)) |
      0
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)))) | 0
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
  for (let t = 0; t < 8; t++) state[t] = (state[t] ?? 0) + (mixed[t] ?? 0)
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
