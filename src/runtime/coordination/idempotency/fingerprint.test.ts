import { expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

test('fingerprintOf() is the same for the same arguments, in whatever order their keys stand', async () => {
  const print = await fingerprintOf({ a: { b: 1, c: [null] }, d: 'ü' })
  expect(print).toBe(await fingerprintOf({ d: 'ü', a: { c: [null], b: 1 } }))
  // SHA-256 of {"a":{"b":1,"c":[null]},"d":"ü"}: kept keys must stay what they are.
  expect(print).toBe('12389760f086c2dd75712ba6185edca6bac41a818a32d261a552d0927c5c7bdf')
})

test('fingerprintOf() keeps other arguments apart, nested ones too', async () => {
  const args = [
    { user: { id: 1 } },
    { user: { id: 2 } },
    { a: 0, b: 5 },
    { a: 5, b: 0 },
    [],
    {},
    '',
  ]
  expect(new Set(await Promise.all(args.map(fingerprintOf))).size).toBe(args.length)
})

test('fingerprintOf() refuses what JSON cannot carry', async () => {
  await expect(fingerprintOf({ at: new Date(0) })).rejects.toThrow(TypeError)
})
