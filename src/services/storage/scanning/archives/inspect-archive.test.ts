import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import fc from 'fast-check'
import { makeZip } from '../../../../../test/support/make-zip.ts'
import { ARCHIVE_LIMITS, inspectArchive } from './inspect-archive.ts'

const text = new TextEncoder().encode('hello hello hello')
const zeros = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)
const small = { ...ARCHIVE_LIMITS, entries: 5, entryBytes: 1000, totalBytes: 1500, depth: 2 }

test('inspectArchive() takes what is no archive, and archives within the limits', async () => {
  for (const bytes of [zeros(0), text, zeros(100), new Uint8Array([0x50, 0x4b])])
    expect(await inspectArchive(bytes)).toBeNull()
  expect(await inspectArchive(makeZip([]))).toBeNull()
  const files = [
    { name: 'a.txt', content: text },
    { name: 'b.txt', content: text, stored: true },
  ]
  expect(await inspectArchive(makeZip(files))).toBeNull()
  expect(await inspectArchive(new Uint8Array(gzipSync(makeZip(files))))).toBeNull()
  const withProgram = new Uint8Array([...text, ...makeZip(files)])
  expect(await inspectArchive(withProgram)).toBeNull()
})

test('inspectArchive() refuses what is larger, more or deeper than allowed', async () => {
  const large = makeZip([{ name: 'a', content: zeros(1001) }])
  const both = makeZip([
    { name: 'a', content: zeros(800) },
    { name: 'b', content: zeros(800), stored: true },
  ])
  const many = makeZip(Array.from({ length: 6 }, (_, n) => ({ name: `${n}`, content: text })))
  const wrap = (content: Uint8Array): Uint8Array<ArrayBuffer> => makeZip([{ name: 'z', content }])
  const deep = wrap(wrap(wrap(text)))
  for (const bytes of [large, both, many, deep, wrap(large), new Uint8Array(gzipSync(zeros(1001)))])
    expect(await inspectArchive(bytes, small)).toBe('archive_limit')
  const bomb = new Uint8Array(gzipSync(wrap(zeros(1001))))
  expect(await inspectArchive(bomb, { ...small, depth: 4 })).toBe('archive_limit')
})

test('inspectArchive() refuses archives that lie, hide or cannot be read', async () => {
  for (const claims of [5, 500])
    expect(await inspectArchive(makeZip([{ name: 'a', content: text, claims }]))).toBe('malformed')
  const honest = makeZip([{ name: 'a', content: text }])
  expect(await inspectArchive(honest.slice(0, -5))).toBe('malformed')
  const renamed = honest.slice()
  renamed[30] = 'b'.charCodeAt(0)
  expect(await inspectArchive(renamed)).toBe('malformed')
  const encrypted = makeZip([{ name: 'a', content: text, encrypted: true }])
  expect(await inspectArchive(encrypted)).toBe('encrypted')
  expect(await inspectArchive(new Uint8Array(gzipSync(text)).slice(0, -3))).toBe('malformed')
})

test('inspectArchive() refuses files that lie in each other', async () => {
  const bytes = makeZip([
    { name: 'a', content: text },
    { name: 'a', content: text },
  ])
  // Both entries of the directory point at the first file.
  const second = bytes.lastIndexOf(0x50, bytes.length - 23)
  new DataView(bytes.buffer).setUint32(second + 42, 0, true)
  expect(await inspectArchive(bytes)).toBe('malformed')
})

test('inspectArchive() refuses what only clamd can open, unless told to trust it', async () => {
  const seven = new Uint8Array([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4])
  expect(await inspectArchive(seven)).toBe('archive_limit')
  expect(await inspectArchive(seven, { ...ARCHIVE_LIMITS, others: 'trust' })).toBeNull()
})

test('inspectArchive() answers for whatever an archive was turned into', async () => {
  const whole = makeZip([
    { name: 'a', content: text },
    { name: 'b', content: zeros(300) },
  ])
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (changes) => {
        const bytes = whole.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        const known = [null, 'archive_limit', 'malformed', 'encrypted']
        expect(known).toContain(await inspectArchive(bytes))
      },
    ),
    { numRuns: 200 },
  )
})
