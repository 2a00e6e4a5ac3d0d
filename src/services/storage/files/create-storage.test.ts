import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import type { MediaInput, MediaProcessor } from '../media/media-processor.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { configureStorage } from './configure-storage.ts'
import { createStorage } from './create-storage.ts'
import { deleteFile, downloadFile, resizeImage, uploadFile } from './file-functions.ts'

const seen: MediaInput[] = []
const media: MediaProcessor = {
  name: 'test',
  capabilities: { formats: [], unsupported: [], presets: [], stores: [], maxInputBytes: 1000 },
  imageInfo: () => Promise.reject(new Error('unused')),
  async image(input) {
    seen.push(input)
    return { bytes: new Uint8Array([1]), contentType: 'image/png', width: 1, height: 1, frames: 1 }
  },
}

function make() {
  const stores = { one: memoryBlobs(), two: memoryBlobs({ bucket: 'default' }) }
  return createStorage({ backend: memory(), stores, media })
}

test('a key alone finds its file among several stores and buckets', async () => {
  const storage = make()
  const a = await storage.upload('in a', { store: 'one', bucket: 'a' })
  const b = await storage.upload('in b', { store: 'one', bucket: 'b' })
  expect(await (await storage.download(a.key)).text()).toBe('in a')
  expect(await (await storage.download(b.key)).text()).toBe('in b')
  await storage.resizeImage(b.key, { width: 8 })
  expect(seen.at(-1)).toEqual(new TextEncoder().encode('in b'))
  await storage.delete(a.key)
  await expect(storage.download(a.key, { store: 'one', bucket: 'a' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('a key in several places is refused, never guessed', async () => {
  const storage = make()
  for (const bucket of ['a', 'b']) await storage.upload(bucket, { store: 'one', bucket, key: 'x' })
  await expect(storage.download('x')).rejects.toMatchObject({ code: 'ambiguous_key', status: 409 })
  await expect(storage.delete('x')).rejects.toMatchObject({ code: 'ambiguous_key' })
  expect(await (await storage.download('x', { bucket: 'b' })).text()).toBe('b')
  await storage.delete('x', { store: 'one', bucket: 'a' })
  expect(await (await storage.download('x')).text()).toBe('b')
})

test('an upload that failed is not remembered, and an unknown key is not guessed', async () => {
  const storage = make()
  const failing = storage.upload('x', { store: 'one', bucket: 'a', key: 'k', maxBytes: 0 })
  await expect(failing).rejects.toMatchObject({ code: 'too_large' })
  await expect(storage.download('k')).rejects.toMatchObject({ code: 'not_found' })
  await expect(storage.upload('x', { bucket: 'a' })).rejects.toMatchObject({
    code: 'bucket_not_found',
  })
})

test('a file that is nowhere is not there, whatever stores there are', async () => {
  const storage = make()
  const request = new Request('https://x.example/')
  for (const place of [{}, { store: 'one' }, { store: 'two' }, { bucket: 'a' }]) {
    const missing = { code: 'not_found' }
    await expect(storage.download('k', place)).rejects.toMatchObject(missing)
    await expect(storage.resizeImage('k', { width: 1, ...place })).rejects.toMatchObject(missing)
    expect((await storage.serve(request, { key: 'k', ...place })).status).toBe(404)
    await expect(storage.delete('k', place)).resolves.toBeUndefined()
  }
  await expect(storage.presign('k')).rejects.toMatchObject({ code: 'not_found' })
  await expect(storage.presign('k', { method: 'PUT' })).rejects.toMatchObject({
    code: 'bucket_not_found',
  })
  await expect(storage.download('k', { store: 'none' })).rejects.toMatchObject({
    code: 'bucket_not_found',
  })
})

test('a key that no store takes, and an option that does nothing, are refused at the call', async () => {
  const storage = make()
  for (const key of ['', '../x', '\u0000', '\ud800', 'x'.repeat(1025)]) {
    const refused = { code: 'invalid_key' }
    await expect(storage.upload('x', { store: 'two', key })).rejects.toMatchObject(refused)
    await expect(storage.download(key)).rejects.toMatchObject(refused)
    await expect(storage.delete(key)).rejects.toMatchObject(refused)
    expect((await storage.serve(new Request('https://x.example/'), { key })).status).toBe(404)
  }
  const misspelt = { buckt: 'a' } as object
  await storage.upload('x', { store: 'two', key: 'k' })
  await expect(storage.delete('k', misspelt)).rejects.toThrow(TypeError)
  expect(await (await storage.download('k')).text()).toBe('x')
})

test('the free functions act on what was configured, and say what is missing', async () => {
  await expect(uploadFile('x', 'one', 'a')).rejects.toThrow(NotConfiguredError)
  configureStorage(make())
  const file = new File(['hello'], 'Note.TXT', { type: 'text/plain' })
  const uploaded = await uploadFile(file, 'one', 'a')
  expect(uploaded).toMatchObject({ store: 'one', bucket: 'a', size: 5, contentType: 'text/plain' })
  expect(uploaded.key).toMatch(/^[\w-]{22}\.txt$/)
  expect(await (await downloadFile(uploaded.key)).text()).toBe('hello')
  expect((await resizeImage(uploaded.key, { width: 800, height: 600 })).contentType).toBe(
    'image/png',
  )
  const given = { store: 'one', bucket: 'a' }
  const typed = await uploadFile('x', given, undefined, { contentType: 'text/plain' })
  expect(typed.contentType).toBe('text/plain')
  await deleteFile(uploaded.key)
  await expect(downloadFile(uploaded.key, 'one', 'a')).rejects.toMatchObject({ code: 'not_found' })
  configureStorage(undefined)
})
