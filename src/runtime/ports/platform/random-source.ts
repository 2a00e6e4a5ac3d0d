/** A source of chance, so that ids, secrets and jitter can be repeated in a test. */
export interface RandomSource {
  /** @returns `length` unpredictable bytes */
  bytes(length: number): Uint8Array<ArrayBuffer>
  /** @returns A number in [0, 1), for jitter; never for secrets */
  fraction(): number
}

/** The platform's cryptographic generator. */
export const systemRandom: RandomSource = {
  bytes: (length) => (length <= MOST_POOLED ? drawn(length) : filled(length)),
  fraction: () => new DataView(drawn(4).buffer).getUint32(0) / 2 ** 32,
}

/** Bytes that an id takes. What is longer may be a secret, and is never kept beside others. */
const MOST_POOLED = 16
const POOL_BYTES = 1024

/** Drawn ahead: asking the generator costs some microseconds, however little is asked for. */
let pool = new Uint8Array(0)
let used = 0

function drawn(length: number): Uint8Array<ArrayBuffer> {
  if (used + length > pool.length) {
    pool = filled(POOL_BYTES)
    used = 0
  }
  const bytes = pool.slice(used, used + length)
  pool.fill(0, used, (used += length))
  return bytes
}

function filled(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}
