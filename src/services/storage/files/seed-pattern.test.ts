import { afterEach, expect, test } from 'vitest'
import { createS3Standin } from '../../../../test/support/s3-standin.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import type { MediaProcessor } from '../media/media-processor.ts'
import { s3 } from '../providers/s3/s3.ts'
import { configureStorage } from './configure-storage.ts'
import {
  deleteFile,
  downloadFile,
  generatePresignedUrl,
  resizeImage,
  serveFile,
  uploadFile,
} from './file-functions.ts'

/** A processor that answers what it was asked for. */
const media: MediaProcessor = {
  name: 'fake',
  capabilities: {
    formats: ['png'],
    unsupported: [],
    presets: [],
    stores: [],
    maxInputBytes: 1_000_000,
  },
  imageInfo: async () => {
    throw new Error('Nobody asks')
  },
  async image(input, { width = 0, height = 0 }) {
    if (!(input instanceof Uint8Array)) throw new Error('It was to be handed the bytes')
    return { bytes: input.slice(0, 1), contentType: 'image/png', width, height, frames: 1 }
  },
}

afterEach(() => configureStorage(undefined))

/** File processing as the functions are meant to be used: one after the other, by the key alone. */
test('a file is uploaded, resized by its key, and shared by a link that works', async () => {
  const clock = createFakeClock()
  const standin = createS3Standin(clock)
  standin.createBucket('avatars')
  const { endpoint, accessKeyId, secretAccessKey, fetch } = standin
  const stores = { s3: s3({ endpoint, accessKeyId, secretAccessKey, fetch, clock }) }
  configureStorage({ backend: memory({ clock }), stores, media })

  const file = new File([new Uint8Array([7, 8, 9])], 'me.PNG', { type: 'image/png' })
  const uploadedFile = await uploadFile(file, 's3', 'avatars')
  expect(uploadedFile).toMatchObject({
    key: expect.stringMatching(/^[\w-]{22}\.png$/) as string,
    store: 's3',
    bucket: 'avatars',
    size: 3,
    contentType: 'image/png',
  })
  const resized = await resizeImage(uploadedFile.key, { width: 800, height: 600 })
  expect(resized).toMatchObject({ width: 800, height: 600, bytes: new Uint8Array([7]) })
  const { method, url, headers } = await generatePresignedUrl(uploadedFile.key, { expiresIn: '1h' })
  const shared = await fetch(url, { method, headers })
  expect(new Uint8Array(await shared.arrayBuffer())).toEqual(new Uint8Array([7, 8, 9]))
  const request = new Request('https://api.example/me', { headers: { range: 'bytes=1-' } })
  const served = await serveFile(request, { key: uploadedFile.key })
  expect([served.status, new Uint8Array(await served.arrayBuffer())]).toEqual([
    206,
    new Uint8Array([8, 9]),
  ])
  await deleteFile(uploadedFile.key)
  await expect(downloadFile(uploadedFile.key)).rejects.toMatchObject({ code: 'not_found' })
})
