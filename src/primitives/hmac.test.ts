import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHmacKey, type HmacHash } from './hmac.ts'
import { createHmacSha256 } from './hmac-sha256.ts'

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((array) => new Uint8Array(array))

test('createHmacSha256() agrees with Node, for all keys and messages', () => {
  fc.assert(
    fc.property(bytes(200), bytes(1000), (secret, message) => {
      const expected = createHmac('sha256', secret).update(message).digest()
      expect(createHmacSha256(secret)(message)).toEqual(new Uint8Array(expected))
    }),
  )
})

test('createHmacSha256() keeps nothing of one message for the next, in any order of keys', () => {
  const [one, two] = ['a', 'b'].map((name) => createHmacSha256(Buffer.from(name)))
  const message = new Uint8Array(100).fill(7)
  const first = one?.(message)
  two?.(new Uint8Array(1000))
  expect(one?.(message)).toEqual(first)
  expect(one?.(message.subarray(1))).not.toEqual(first)
})

test.each(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] satisfies HmacHash[])(
  'createHmacKey() agrees with Node, with %s',
  async (hash) => {
    for (const length of [0, 1, 64, 8192, 8193, 100_000]) {
      const message = new Uint8Array(length).map((_, index) => index)
      const key = createHmacKey(Buffer.from('secret'), hash)
      const expected = createHmac(hash.replace('-', ''), 'secret').update(message).digest()
      const code = new Uint8Array(expected)
      expect(await key.sign(message)).toEqual(code)
      expect(await key.verify(code, message)).toBe(true)
      expect(
        await key.verify(
          code.map((byte) => byte ^ 1),
          message,
        ),
      ).toBe(false)
      expect(await key.verify(code.slice(1), message)).toBe(false)
      expect(await key.verify(new Uint8Array([...code, 0]), message)).toBe(false)
    }
  },
)

test('createHmacKey() keeps its key when the bytes it was made of change', async () => {
  const secret = new Uint8Array([1, 2, 3])
  const key = createHmacKey(secret)
  const message = new Uint8Array(10_000)
  const before = createHmac('sha256', secret).update(message).digest()
  secret.fill(0)
  expect(await key.sign(message)).toEqual(new Uint8Array(before))
})

test('createHmacKey() refuses an empty secret', () => {
  expect(() => createHmacKey(new Uint8Array())).toThrow(RangeError)
})
