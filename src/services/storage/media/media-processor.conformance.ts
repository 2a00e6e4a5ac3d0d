import { crc32 } from '../../../primitives/crc32.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { expectEqual, expectRejection, type Law } from '../../../runtime/ports/conformance.ts'
import { readImageInfo } from './facts/read-image-info.ts'
import type { ImageOperations } from './image-operations.ts'
import { MediaError, type MediaErrorCode } from './media-error.ts'
import type { MediaProcessor } from './media-processor.ts'

/** What a law of media processors runs in. */
export interface MediaProcessorHarness {
  readonly media: MediaProcessor
}

/** The laws of the port {@link MediaProcessor}, as far as images go. */
export const mediaProcessorLaws: readonly Law<MediaProcessorHarness>[] = [
  {
    name: 'imageInfo() reads what an image is',
    async run({ media }) {
      const { format, width, height, frames } = await media.imageInfo(await blackPng(60, 40))
      expectEqual(
        { format, width, height, frames },
        { format: 'png', width: 60, height: 40, frames: 1 },
      )
    },
  },
  {
    name: 'image() makes the size that was asked for, and says it',
    async run({ media }) {
      const png = await blackPng(60, 40)
      const cases: [ImageOperations, number, number][] = [
        [{}, 60, 40],
        [{ width: 30 }, 30, 20],
        [{ height: 20 }, 30, 20],
        [{ width: 30, height: 30 }, 30, 30],
        [{ width: 30, height: 30, fit: 'contain' }, 30, 30],
        [{ width: 30, height: 30, fit: 'inside' }, 30, 20],
        [{ width: 30, height: 30, fit: 'outside' }, 45, 30],
        [{ width: 30, height: 30, fit: 'fill' }, 30, 30],
        [{ width: 120, enlarge: false }, 60, 40],
      ]
      for (const [operations, width, height] of cases) {
        const made = await media.image(png, operations)
        const found = readImageInfo(made.bytes)
        const size = [found.width, found.height]
        expectEqual(size, [width, height], `the size for ${JSON.stringify(operations)}`)
        expectEqual([made.width, made.height], size, 'the size that was said')
        expectEqual(made.contentType, 'image/png', 'the type')
      }
    },
  },
  {
    name: 'image() writes every format that it says it writes',
    async run({ media }) {
      const png = await blackPng(20, 10)
      for (const format of media.capabilities.formats) {
        const { bytes, contentType } = await media.image(png, { format })
        expectEqual(readImageInfo(bytes).format, format, 'the format')
        expectEqual(contentType, `image/${format}`, 'the type')
      }
    },
  },
  {
    name: 'image() refuses what it says it does not do, and never leaves it out',
    async run({ media }) {
      const place = { store: 'none', bucket: 'none', key: 'none' }
      const values: Partial<Record<keyof ImageOperations, ImageOperations>> = {
        blur: { blur: 2 },
        sharpen: { sharpen: 2 },
        watermark: { watermark: { image: place } },
      }
      const png = await blackPng(20, 10)
      for (const name of media.capabilities.unsupported)
        await refused(() => media.image(png, values[name] ?? {}), 'unsupported')
    },
  },
  {
    name: 'image() refuses what is unknown or out of range, and does not leave it out',
    async run({ media }) {
      const png = await blackPng(20, 10)
      const wrong: readonly object[] = [
        { width: 0 },
        { width: 1.5 },
        { width: Number.NaN },
        { width: 16_385 },
        { height: '10' },
        { fit: 'crop' },
        { quality: 101 },
        { background: 'red' },
        { crop: { left: 0, top: 0, width: 5 } },
        { rotate: 45 },
        { widht: 10 },
      ]
      for (const operations of wrong)
        await refused(() => media.image(png, operations), 'invalid_operation')
    },
  },
  {
    name: 'image() refuses what is no image, and one of too many pixels that it has not seen',
    async run({ media }) {
      await refused(() => media.image(encodeUtf8('hello'), {}), 'unsupported_media')
      await refused(() => media.imageInfo(encodeUtf8('hello')), 'unsupported_media')
      const png = await blackPng(20, 10)
      // Only the header says so: there are no such pixels.
      new DataView(png.buffer).setUint32(16, 60_000)
      new DataView(png.buffer).setUint32(20, 60_000)
      await refused(() => media.image(png, { width: 10 }), 'limit_exceeded')
      const thin = await blackPng(1, 500)
      await refused(() => media.image(thin, { width: 16_384 }), 'limit_exceeded')
    },
  },
]

async function refused(act: () => Promise<unknown>, code: MediaErrorCode): Promise<void> {
  await expectRejection(
    act,
    (error) => error instanceof MediaError && error.code === code,
    `a MediaError ${code}`,
  )
}

/** Makes a PNG file of black pixels. */
async function blackPng(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const header = new DataView(new ArrayBuffer(13))
  header.setUint32(0, width)
  header.setUint32(4, height)
  header.setUint8(8, 8)
  header.setUint8(9, 2)
  const pixels = new Blob([new Uint8Array((1 + 3 * width) * height)]).stream()
  const data = await new Response(
    pixels.pipeThrough(new CompressionStream('deflate')),
  ).arrayBuffer()
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', new Uint8Array(data)),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(encodeUtf8(type), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}
