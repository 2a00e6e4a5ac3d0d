import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, streamOf } from '../blobs/laws/law-steps.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { createEncryptedBlobs, type EncryptedBlobsOptions } from './encrypted-blobs.ts'
import { HEADER_BYTES } from './sealed-format.ts'

const CHUNK = 1024
const keys = { one: bytesOf(32, 1), two: bytesOf(32, 2) }

function stage(changes: Partial<EncryptedBlobsOptions> = {}) {
  const store = memoryBlobs().bucket('b')
  const options = { store, keys, current: 'one', chunkBytes: CHUNK, ...changes }
  return { store, options, blobs: createEncryptedBlobs(options) }
}

const stored = async ({ store }: ReturnType<typeof stage>, key = 'a') =>
  (await (await store.get(key))?.bytes()) ?? new Uint8Array()

test.for([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 5 * CHUNK + 17])(
  '%d bytes come back, from bytes and from streams',
  async (length) => {
    const { blobs, store } = stage()
    const plain = bytesOf(length)
    for (const body of [plain, streamOf(plain, 777), new Blob([plain])]) {
      const { size } = await blobs.put('a', body, { contentType: 'text/x-law' })
      expect(size).toBe(length)
      const content = await blobs.get('a')
      expect([content?.size, content?.contentType]).toEqual([length, 'text/x-law'])
      expect(Buffer.from((await content?.bytes()) ?? []).equals(plain)).toBe(true)
      expect(await blobs.head('a')).toMatchObject({ size: length, keyId: 'one' })
      const kept = Buffer.from((await (await store.get('a'))?.bytes()) ?? [])
      if (length > 8) expect(kept.includes(Buffer.from(plain.subarray(0, 8)))).toBe(false)
    }
  },
)

test('every range is what it would be of the plain bytes', async () => {
  const { blobs } = stage()
  const plain = bytesOf(4 * CHUNK + 100)
  await blobs.put('a', plain)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(plain.length - 1),
      fc.integer({ min: 1, max: 6 * CHUNK }),
      async (offset, length) => {
        const part = await blobs.get('a', { range: { offset, length } })
        const wanted = plain.subarray(offset, offset + length)
        expect(Buffer.from((await part?.bytes()) ?? []).equals(wanted)).toBe(true)
        expect(part?.range).toEqual({ start: offset, end: offset + wanted.length - 1 })
        const end = await blobs.get('a', { range: { suffix: length } })
        expect(Buffer.from((await end?.bytes()) ?? []).equals(plain.subarray(-length))).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
  await expect(blobs.get('a', { range: { offset: plain.length } })).rejects.toMatchObject({
    code: 'range_not_satisfiable',
  })
})

test.for<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
  ['a bit of a chunk', (bytes) => flipped(bytes, HEADER_BYTES + 5)],
  ['a bit of a tag', (bytes) => flipped(bytes, HEADER_BYTES + CHUNK + 3)],
  ['a bit of the salt', (bytes) => flipped(bytes, HEADER_BYTES - 1)],
  ['a bit of what fills the header', (bytes) => flipped(bytes, 60)],
  ['the order of chunks', swapped],
  ['the end, cut at a chunk', (bytes) => bytes.slice(0, HEADER_BYTES + 2 * (CHUNK + 16))],
  ['the end, cut within a chunk', (bytes) => bytes.slice(0, -1)],
  ['the end, with more', (bytes) => new Uint8Array([...bytes, ...bytes.slice(-20)])],
  ['all but the header', (bytes) => bytes.slice(0, HEADER_BYTES)],
  ['all of it', () => new Uint8Array()],
  ['the beginning', (bytes) => bytes.slice(1)],
])('a change of %s is seen', async ([, change]) => {
  const fixture = stage()
  const { blobs, store } = fixture
  await blobs.put('a', bytesOf(3 * CHUNK + 40))
  await store.put('a', change(await stored(fixture)))
  const read = async (): Promise<unknown> => (await blobs.get('a'))?.bytes()
  await expect(read()).rejects.toMatchObject({ code: 'not_authentic' })
})

test('an object is bound to its key unless it is not to be, and never looks like another one', async () => {
  const bound = stage()
  await bound.blobs.put('a', 'hello')
  await bound.store.copy('a', 'b')
  const moved = async (): Promise<unknown> => (await bound.blobs.get('b'))?.text()
  await expect(moved()).rejects.toMatchObject({ code: 'not_authentic' })
  const free = stage({ bindKey: false })
  await free.blobs.put('a', 'hello')
  await free.store.copy('a', 'b')
  expect(await (await free.blobs.get('b'))?.text()).toBe('hello')
  const first = await stored(free)
  await free.blobs.put('a', 'hello')
  expect(await stored(free)).not.toEqual(first)
})

test('keys are replaced by new ones, and what is missing is said', async () => {
  const { store, options, blobs } = stage()
  await blobs.put('a', 'old')
  const next = createEncryptedBlobs({ ...options, current: 'two' })
  await next.put('b', 'new')
  expect([(await next.head('a'))?.keyId, (await next.head('b'))?.keyId]).toEqual(['one', 'two'])
  expect(await (await next.get('a'))?.text()).toBe('old')
  const without = createEncryptedBlobs({ store, keys: { two: keys.two }, current: 'two' })
  await expect(without.get('a')).rejects.toMatchObject({ code: 'access_denied' })
  const asked: string[] = []
  const vault = async (id: string) => {
    asked.push(id)
    return id === 'one' ? keys.one : null
  }
  expect(await (await createEncryptedBlobs({ ...options, keys: vault }).get('a'))?.text()).toBe(
    'old',
  )
  expect(asked).toEqual(['one'])
  const wrong = createEncryptedBlobs({ store, keys: { one: keys.two }, current: 'one' })
  const read = async (): Promise<unknown> => (await wrong.get('a'))?.text()
  await expect(read()).rejects.toMatchObject({ code: 'not_authentic' })
})

test('options that cannot be meant are refused, and limits are of the plain bytes', async () => {
  const { options, blobs } = stage()
  for (const change of [
    { current: 'three' },
    { current: '' },
    { keys: { one: new Uint8Array(16) } },
    { chunkBytes: 5 },
  ])
    expect(() => createEncryptedBlobs({ ...options, ...change })).toThrow(/Cannot/)
  expect(await blobs.get('none')).toBe(null)
  expect(await blobs.head('none')).toBe(null)
  await expect(
    blobs.put('a', streamOf(bytesOf(4 * CHUNK)), { maxBytes: 4 * CHUNK - 1 }),
  ).rejects.toMatchObject({ code: 'too_large' })
  await expect(blobs.put('a', bytesOf(5), { size: 6 })).rejects.toMatchObject({
    code: 'size_mismatch',
  })
})

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
}

function swapped(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const step = CHUNK + 16
  const copy = bytes.slice()
  copy.set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + step), HEADER_BYTES + step)
  copy.set(bytes.subarray(HEADER_BYTES + step, HEADER_BYTES + 2 * step), HEADER_BYTES)
  return copy
}
