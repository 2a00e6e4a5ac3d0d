import fc from 'fast-check'
import sharp, { type Sharp } from 'sharp'
import { expect, test } from 'vitest'
import { MediaError } from '../media-error.ts'
import { readImageInfo } from './read-image-info.ts'

function picture(width: number, height: number, channels: 3 | 4 = 3): Sharp {
  return sharp({
    create: { width, height, channels, background: { r: 9, g: 9, b: 9, alpha: 0.5 } },
  })
}

const whole = async (image: Sharp): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await image.toBuffer())

async function animated(format: 'gif' | 'webp'): Promise<Uint8Array<ArrayBuffer>> {
  const pages = await Promise.all(
    [10, 90, 170].map((grey) =>
      sharp({ create: { width: 20, height: 10, channels: 3, background: { r: grey, g: 0, b: 0 } } })
        .png()
        .toBuffer(),
    ),
  )
  return whole(sharp(pages, { join: { animated: true } }).toFormat(format))
}

test('readImageInfo() reads what sharp wrote, in every format', async () => {
  for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const) {
    const plain = await whole(picture(65, 34).toFormat(format))
    expect(readImageInfo(plain), format).toEqual({
      format,
      width: 65,
      height: 34,
      frames: 1,
      // sharp keeps a transparent colour in every GIF.
      hasAlpha: format === 'gif',
      orientation: 1,
    })
    if (format === 'jpeg') continue
    // In JPEG's compression, its default, a TIFF has no alpha.
    const options = format === 'tiff' ? { compression: 'deflate' } : {}
    const clear = await whole(picture(65, 34, 4).toFormat(format, options))
    expect(readImageInfo(clear), format).toMatchObject({ width: 65, hasAlpha: true })
  }
  const lossless = await whole(picture(300, 7).webp({ lossless: true }))
  expect(readImageInfo(lossless)).toMatchObject({ format: 'webp', width: 300, height: 7 })
})

test('of several EXIF segments the first one turns a JPEG, as decoders have it', async () => {
  const jpeg = await whole(picture(20, 10).jpeg())
  const exif = (orientation: number): number[] => {
    const tag = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
    const tiff = [0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 1, 0, ...tag, 0, 0, 0, 0]
    return [0xff, 0xe1, 0, tiff.length + 8, ...new TextEncoder().encode('Exif\0\0'), ...tiff]
  }
  for (const [first, second] of [
    [6, 1],
    [1, 6],
    [8, 3],
    [3, 5],
  ] as const) {
    const more = [...exif(first), ...exif(second)]
    const bytes = Uint8Array.from([...jpeg.subarray(0, 2), ...more, ...jpeg.subarray(2)])
    expect((await sharp(bytes).metadata()).orientation).toBe(first)
    expect(readImageInfo(bytes).orientation).toBe(first)
  }
})

test('a GIF is as large as its first frame, as decoders make it', async () => {
  const frame = (left: number, top: number, width: number, height: number): number[] => {
    const numbers = [left, top, width, height].flatMap((value) => [value & 255, value >> 8])
    return [0x2c, ...numbers, 0, 2, 2, 0x44, 1, 0]
  }
  const gif = (...frames: number[][]): Uint8Array<ArrayBuffer> => {
    const head = [0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0]
    return Uint8Array.from([...head, 0, 0, 0, 255, 255, 255, ...frames.flat(), 0x3b])
  }
  for (const bytes of [
    gif(frame(0, 0, 10, 12)),
    gif(frame(5, 6, 10, 12)),
    gif(frame(0, 0, 1, 1), frame(0, 0, 20, 20)),
  ]) {
    const { width, height } = await sharp(bytes, { pages: 1 }).metadata()
    expect(readImageInfo(bytes)).toMatchObject({ width, height })
  }
  expect(readImageInfo(gif(frame(0, 0, 65_535, 65_535)))).toMatchObject({ width: 65_535 })
})

test('readImageInfo() gives the size as it is displayed, for all eight orientations', async () => {
  for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const)
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await whole(picture(40, 30).toFormat(format).withMetadata({ orientation }))
      const [width, height] = orientation < 5 ? [40, 30] : [30, 40]
      expect(readImageInfo(bytes), format).toMatchObject({ orientation, width, height })
    }
})

test('readImageInfo() counts frames', async () => {
  for (const format of ['gif', 'webp'] as const)
    expect(readImageInfo(await animated(format))).toMatchObject({
      frames: 3,
      width: 20,
      height: 10,
    })
})

test('readImageInfo() reads SVG and BMP', () => {
  const svg = (root: string): unknown => {
    const { width, height, format } = readImageInfo(new TextEncoder().encode(root))
    return [format, width, height]
  }
  expect(svg('<svg width="30" height="20px">')).toEqual(['svg', 30, 20])
  expect(svg('<?xml version="1.0"?>\n<svg viewBox="0 0 40 20">')).toEqual(['svg', 40, 20])
  expect(svg('<svg width="80" viewBox="0 0 40 20">')).toEqual(['svg', 80, 40])
  const bmp = new DataView(new ArrayBuffer(54))
  bmp.setUint16(0, 0x424d)
  bmp.setUint32(14, 40, true)
  bmp.setInt32(18, 7, true)
  bmp.setInt32(22, -5, true)
  expect(readImageInfo(new Uint8Array(bmp.buffer))).toMatchObject({ width: 7, height: 5 })
})

test('readImageInfo() refuses what is no image, or breaks off', async () => {
  for (const text of ['', 'hello', '%PDF-1.7', '<html><svg', '#EXTM3U\nhttp://127.0.0.1/'])
    expect(() => readImageInfo(new TextEncoder().encode(text))).toThrow(
      expect.objectContaining({ code: 'unsupported_media' }) as Error,
    )
  const png = await whole(picture(5, 5).png())
  expect(() => readImageInfo(png.slice(0, 20))).toThrow(
    expect.objectContaining({ code: 'unreadable_media' }) as Error,
  )
})

test('readImageInfo() answers or refuses, whatever an image was turned into', async () => {
  const images = await Promise.all([
    whole(picture(20, 10).jpeg().withMetadata({ orientation: 6 })),
    whole(picture(20, 10, 4).avif()),
    whole(picture(20, 10).tiff()),
    animated('gif'),
    animated('webp'),
  ])
  fc.assert(
    fc.property(
      fc.constantFrom(...images),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      fc.nat(500),
      (image, changes, cut) => {
        const bytes = image.slice(0, Math.max(0, image.length - cut))
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        try {
          expect(readImageInfo(bytes).width).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError)
        }
      },
    ),
    { numRuns: 1000 },
  )
})
