import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloudflareImages } from '../../src/services/storage/media/cloudflare-images.ts'
import type { ImageOperations } from '../../src/services/storage/media/image-operations.ts'
import type {
  ImagesBindingLike,
  ImageTransformLike,
} from '../../src/services/storage/media/images-binding.ts'
import { startClamd } from '../support/clamd.ts'
import { hasProgram } from '../support/has-program.ts'
import { startLocalWorker } from '../support/local-worker.ts'

const run = promisify(execFile)
let worker: Awaited<ReturnType<typeof startLocalWorker>>
beforeAll(async () => {
  worker = await startLocalWorker({
    config: join(import.meta.dirname, '../support/media-worker/wrangler.toml'),
  })
}, 60_000)
afterAll(() => worker.stop())

const bytesOf = async (image: Sharp): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await image.toBuffer())

const plain = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#804020' } })

async function make(
  bytes: Uint8Array<ArrayBuffer>,
  operations: ImageOperations,
): Promise<Response> {
  const headers = { operations: JSON.stringify(operations) }
  return fetch(worker.url, { method: 'POST', body: bytes, headers })
}

test('the local binding makes sizes and formats as they were asked for', async () => {
  const from = await bytesOf(
    plain(400, 200)
      .jpeg()
      .withExif({ IFD0: { Copyright: 'somebody' } }),
  )
  const cases: [ImageOperations, number, number, string][] = [
    [{ width: 100 }, 100, 50, 'jpeg'],
    [{ width: 100, height: 100, format: 'webp' }, 100, 100, 'webp'],
    [{ width: 100, height: 100, fit: 'contain', format: 'png' }, 100, 100, 'png'],
    [{ width: 100, height: 100, fit: 'inside' }, 100, 50, 'jpeg'],
    [{ width: 100, height: 100, fit: 'outside' }, 200, 100, 'jpeg'],
    [{ width: 800, enlarge: false }, 400, 200, 'jpeg'],
    [{ format: 'avif' }, 400, 200, 'heif'],
  ]
  for (const [operations, width, height, format] of cases) {
    const response = await make(from, operations)
    const made = new Uint8Array(await response.arrayBuffer())
    const found = await sharp(made).metadata()
    expect(found, JSON.stringify(operations)).toMatchObject({ width, height, format })
    expect(found.exif).toBeUndefined()
  }
})

test('cloudflareImages() keeps the laws of media processors, in workerd', async () => {
  expect(await (await fetch(`${worker.url}/laws`)).json()).toEqual([])
})

test('what the local binding leaves out without a word is found out', async () => {
  const from = await bytesOf(plain(40, 20).png())
  const response = await make(from, { crop: { left: 0, top: 0, width: 10, height: 10 } })
  expect(await response.json()).toEqual({ code: 'failed' })
})

test('what is no image, too large or unsupported is refused before the binding sees it', async () => {
  const untouched: ImagesBindingLike = {
    input: () => {
      throw new Error('The binding was asked')
    },
  }
  const media = cloudflareImages(untouched, { maxInputBytes: 5000, maxPixels: 1000 })
  const png = await bytesOf(plain(10, 10).png())
  const refusals: [Uint8Array<ArrayBuffer>, ImageOperations, string][] = [
    [new TextEncoder().encode('hello'), {}, 'unsupported_media'],
    [await bytesOf(plain(10, 10).tiff()), {}, 'unsupported_media'],
    [new Uint8Array(5001), {}, 'input_too_large'],
    [await bytesOf(plain(50, 50).png()), {}, 'limit_exceeded'],
    [png, { width: 100 }, 'limit_exceeded'],
    [png, { blur: 5 }, 'unsupported'],
    [png, { orient: false }, 'unsupported'],
    [png, { metadata: 'icc' }, 'unsupported'],
    [png, { crop: { left: 5, top: 5, width: 10, height: 1 } }, 'invalid_operation'],
  ]
  for (const [bytes, operations, code] of refusals)
    await expect(media.image(bytes, operations), code).rejects.toMatchObject({ code })
  await expect(media.image({ store: 'a', bucket: 'b', key: 'c' }, {})).rejects.toMatchObject({
    code: 'unsupported',
  })
})

test('steps are handed over one by one, in the order that is promised', async () => {
  const steps: ImageTransformLike[] = []
  const made = await bytesOf(plain(2, 2).png())
  const transformer: ReturnType<ImagesBindingLike['input']> = {
    transform(step) {
      steps.push(step)
      return transformer
    },
    output: () =>
      Promise.resolve({ contentType: () => 'image/png', image: () => new Blob([made]).stream() }),
  }
  const media = cloudflareImages({ input: () => transformer })
  const operations: ImageOperations = {
    crop: { left: 1, top: 0, width: 4, height: 4 },
    rotate: 90,
    flip: 'horizontal',
    width: 2,
    height: 2,
    position: 'top-right',
    grayscale: true,
  }
  await media.image(await bytesOf(plain(9, 9).png()), operations)
  expect(steps).toEqual([
    { trim: { left: 1, top: 0, width: 4, height: 4 } },
    { rotate: 90 },
    { flip: 'h' },
    { width: 2, height: 2, fit: 'cover', gravity: { x: 1, y: 0, mode: 'box-center' } },
    { saturation: 0 },
  ])
})

test.skipIf(!hasProgram('clamd'))(
  'clamd() keeps the laws of scanners in workerd, where clamd is installed',
  async () => {
    const daemon = await startClamd()
    try {
      const response = await fetch(`${worker.url}/scan-laws?port=${daemon.port}`)
      expect(await response.json()).toEqual([])
    } finally {
      await daemon.stop()
    }
  },
)

test.skipIf(!hasProgram('clamd'))(
  'clamd() keeps the laws of scanners on Deno and Bun, where clamd is installed',
  async () => {
    const daemon = await startClamd()
    try {
      const script = join(import.meta.dirname, '../support/scan-laws.ts')
      const flag = '--conditions=white-cross-source'
      for (const [program, ...args] of [
        ['deno', 'run', '-A', '--quiet', flag],
        ['bun', flag],
      ] as const) {
        const { stdout } = await run(program, [...args, script, String(daemon.port)])
        expect(JSON.parse(stdout), program).toEqual([])
      }
    } finally {
      await daemon.stop()
    }
  },
)
