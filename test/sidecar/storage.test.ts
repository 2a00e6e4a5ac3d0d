import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import {
  configureStorage,
  createStorage,
  resizeImage,
  transcodeVideo,
  uploadFile,
} from '@white-cross/reuse/infrastructure/storage'
import { memoryBlobs } from '@white-cross/reuse/infrastructure/storage/memory'
import { sidecar } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { hasProgram } from '../support/has-program.ts'
import { makeVideo } from '../support/make-video.ts'
import { SIDECAR_KEY, useSidecar } from '../support/sidecar.ts'

/** Storage whose store `local` the sidecar knows too, and whose store `other` it does not. */
async function configure() {
  const [local, other] = [memoryBlobs(), memoryBlobs()]
  const { server } = await useSidecar({}, { stores: { local } })
  const media = sidecar({ url: server.url, ...SIDECAR_KEY, stores: ['local'] })
  const storage = createStorage({ backend: memory(), stores: { local, other }, media })
  configureStorage(storage)
  onTestFinished(async () => {
    configureStorage(undefined)
    await server.stop(0)
  })
  return storage
}

test('resizeImage() makes an image of a file by its key, wherever it was uploaded to', async () => {
  await configure()
  const photo = sharp({ create: { width: 1600, height: 1000, channels: 3, background: '#444' } })
  const file = new Uint8Array(await photo.jpeg().toBuffer())
  for (const store of ['local', 'other']) {
    const uploaded = await uploadFile(file, store, 'avatars')
    const resized = await resizeImage(uploaded.key, { width: 800, height: 600 })
    expect(resized).toMatchObject({ width: 800, height: 600, contentType: 'image/jpeg' })
    expect(await sharp(resized.bytes).metadata()).toMatchObject({ width: 800, height: 600 })
  }
})

test.skipIf(!hasProgram('ffmpeg'))(
  'transcodeVideo() writes beside the file, under a name that goes on (needs ffmpeg)',
  async () => {
    const storage = await configure()
    const { key } = await uploadFile(makeVideo(), 'local', 'films')
    const heard: number[] = []
    const options = { preset: 'mp4-480p', id: 'job-1' } as const
    const onProgress = ({ ratio }: { readonly ratio: number }): void => void heard.push(ratio)
    const first = await transcodeVideo(key, { ...options, onProgress })
    expect(heard.length).toBeGreaterThan(0)
    expect(await transcodeVideo(key, options)).toEqual(first)
    const [file] = first.files
    expect(file?.key).toBe(`${key}.video/video.mp4`)
    expect(await storage.bucket('local', 'films').exists(file?.key ?? '')).toBe(true)
    const elsewhere = await uploadFile(makeVideo(), 'other', 'films')
    await expect(transcodeVideo(elsewhere.key, options)).rejects.toMatchObject({
      code: 'unsupported',
    })
  },
)
