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
/** The end of a message, one block or two. */
const end = /* @__PURE__ */ new Uint8Array(2 * BLOCK_BYTES)

/** A SHA-256 of bytes that come piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void
  /** @returns The 32 bytes; nothing may be added afterwards */
  digest(): Uint8Array<ArrayBuffer>
}

/**
 * @returns The SHA-256 of `bytes`, below 512 MiB, at once: for short ones WebCrypto's way there and
 *   back costs more.
 */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return finishSha256(INITIAL_STATE, 0, bytes)
}

/** Hashes what WebCrypto cannot: a stream, without keeping it. */
export function createSha256(): Sha256 {
  const from = INITIAL_STATE.slice()
  const rest = new Uint8Array(BLOCK_BYTES)
  let seenBytes = 0

  return {
    update(bytes) {
      let at = 0
      const restBytes = seenBytes % BLOCK_BYTES
      seenBytes += bytes.length
      if (restBytes > 0) {
        at = Math.min(BLOCK_BYTES - restBytes, bytes.length)
        rest.set(bytes.subarray(0, at), restBytes)
        if (restBytes + at < BLOCK_BYTES) return
      }
      state.set(from)
      if (restBytes > 0) {
        load(rest, 0)
        compress()
      }
      for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
        load(bytes, at)
        compress()
      }
      from.set(state)
      rest.set(bytes.subarray(at))
    },
    digest() {
      const restBytes = seenBytes % BLOCK_BYTES
      return finishSha256(from, seenBytes - restBytes, rest.subarray(0, restBytes))
    },
  }
}

/** @returns The state after one whole block, for whoever begins many messages with it */
export function stateAfterBlock(block: Uint8Array): Int32Array {
  state.set(INITIAL_STATE)
  load(block, 0)
  compress()
  return state.slice()
}

/** Hashes the end of a message from a state that has seen `seenBytes`, whole blocks, before. */
export function finishSha256(
  from: Int32Array,
  seenBytes: number,
  message: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { length } = message
  const whole = length - (length % BLOCK_BYTES)
  state.set(from)
  for (let offset = 0; offset < whole; offset += BLOCK_BYTES) {
    load(message, offset)
    compress()
  }
  // The bit that ends a message, zeros, and how many bits it has (FIPS 180-4 §5.1.1).
  end.fill(0)
  for (let at = whole; at < length; at++) end[at - whole] = message[at] ?? 0
  end[length - whole] = 0x80
  load(end, 0)
  if (length - whole > 55) {
    compress()
    load(end, BLOCK_BYTES)
  }
  schedule[14] = (seenBytes + length) / 2 ** 29
  schedule[15] = (seenBytes + length) * 8
  compress()
  const code = new Uint8Array(32)
  for (let at = 0; at < 32; at++) code[at] = (state[at >> 2] ?? 0) >>> (24 - (at & 3) * 8)
  return code
}

/** Takes the next block, all of which is there. */
function load(message: Uint8Array, offset: number): void {
  let at = offset
  for (let t = 0; t < 16; t++)
    schedule[t] =
      ((message[at++] ?? 0) << 24) |
      ((message[at++] ?? 0) << 16) |
      ((message[at++] ?? 0) << 8) |
      (message[at++] ?? 0)
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
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++
    if (divisor * divisor > candidate) bits[found++] = (root(candidate) % 1) * 2 ** 32
  }
  return bits
}
