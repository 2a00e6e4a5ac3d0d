import { encodeHex } from '../../../../src/primitives/hex.ts'
import { createHmacKey } from '../../../../src/primitives/hmac.ts'
import { expectEqual, type Law } from '../../../../src/runtime/ports/conformance.ts'

/** What holds for HMACs beside the published vectors. */
export const hmacLaws: readonly Law<null>[] = [
  {
    name: 'createHmacKey() agrees with WebCrypto for each length around a block, and for short and long messages',
    async run() {
      const lengths = [...Array.from({ length: 130 }, (_, length) => length), 4095, 4096, 4097]
      const pool = new Uint8Array(5000).map((_, index) => index * 31)
      const secret = pool.slice(1, 33)
      const key = createHmacKey(secret)
      const algorithm = { name: 'HMAC', hash: 'SHA-256' }
      const theirs = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
      for (const length of lengths) {
        const message = pool.subarray(7, 7 + length)
        const code = new Uint8Array(await crypto.subtle.sign('HMAC', theirs, message))
        expectEqual(encodeHex(await key.sign(message)), encodeHex(code))
        expectEqual(await key.verify(code, message), true)
      }
    },
  },
]
