import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createStorage } from '../files/create-storage.ts'
import { gcs } from '../providers/gcs/gcs.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { createFileTickets } from '../tickets/file-tickets.ts'

const store = memoryBlobs().bucket('b')
const backend = memory()
const secret = 'a secret of some length'

/** What a program without types may hand over. */
const wrong = (value: unknown): never => value as never

test.for<[string, () => unknown]>([
  ['stores: null', () => createStorage({ backend, stores: wrong(null) })],
  ['a store that is none', () => createStorage({ backend, stores: { a: wrong({}) } })],
  ['a range as text', async () => store.get('a', { range: wrong('bytes=0-1') })],
  ['keys as one text', async () => store.deleteMany(wrong('abc'))],
  ['nothing to copy', async () => store.copy(wrong(undefined), 'x')],
  ['null to copy', async () => store.copy(wrong(null), 'x')],
  ['tags: null', async () => store.setTags('a', wrong(null))],
  ['a number for tags', async () => store.put('a', 'x', { tags: wrong(5) })],
  ['metadata: null', async () => store.put('a', 'x', { metadata: wrong(null) })],
  ['a path for a service account', () => gcs({ serviceAccount: wrong('key.json') })],
  ['a number for a URL', () => createFileTickets({ store, secret, url: wrong(5) })],
])('%s is refused in a sentence', async ([, act]) => {
  await store.put('a', 'kept')
  await expect(async () => act()).rejects.toThrow(/^Cannot [a-z].*(?:expected|is none|no \w+)/i)
  expect(await (await store.get('a'))?.text()).toBe('kept')
})
