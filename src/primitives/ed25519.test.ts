import { expect, test } from 'vitest'
import {
  createEd25519PrivateKey,
  createEd25519PublicKey,
  deriveEd25519PublicKey,
} from './ed25519.ts'

test('createEd25519PrivateKey() and its siblings refuse keys that are not 32 bytes', async () => {
  for (const length of [0, 31, 33, 64]) {
    expect(() => createEd25519PrivateKey(new Uint8Array(length))).toThrow(RangeError)
    expect(() => createEd25519PublicKey(new Uint8Array(length))).toThrow(RangeError)
    await expect(deriveEd25519PublicKey(new Uint8Array(length))).rejects.toThrow(RangeError)
  }
})

test('createEd25519PublicKey() verifies what the private key signs, and answers false for any other length', async () => {
  const seed = new Uint8Array(32).fill(9)
  const message = new Uint8Array([1, 2, 3])
  const signature = await createEd25519PrivateKey(seed).sign(message)
  const key = createEd25519PublicKey(await deriveEd25519PublicKey(seed))
  expect(await key.verify(signature, message)).toBe(true)
  for (const wrong of [signature.slice(1), new Uint8Array(), new Uint8Array(65)])
    expect(await key.verify(wrong, message)).toBe(false)
})
