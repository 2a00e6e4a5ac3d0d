/** A source of chance, so that ids, secrets and jitter can be repeated in a test. */
export interface RandomSource {
  /** @returns `length` unpredictable bytes */
  bytes(length: number): Uint8Array<ArrayBuffer>
  /** @returns A number in [0, 1), for jitter; never for secrets */
  fraction(): number
}

/** The platform's cryptographic generator. */
export const systemRandom: RandomSource = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fraction: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
}
