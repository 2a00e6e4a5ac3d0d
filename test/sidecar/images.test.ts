import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImageOperations } from '@white-cross/reuse/infrastructure/storage/media'
import { useSidecar } from '../support/sidecar.ts'

let used: Awaited<ReturnType<typeof useSidecar>>
beforeAll(async () => {
  used = await useSidecar()
})
afterAll(() => used.server.stop(0))

const bytesOf = async (image: Sharp): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await image.toBuffer())

/** Four pixels wide and two high, all of different colours. */
const grid = (): Sharp =>
  sharp(Buffer.from(Array.from({ length: 24 }, (_, n) => 10 * n)), {
    raw: { width: 4, height: 2, channels: 3 },
  })

const plain = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#804020' } })

/** A PNG of black pixels, of which a thousand are one byte. */
function emptyPng(side: number): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    check.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, check])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 1
  const rows = deflateSync(Buffer.alloc((1 + side / 8) * side))
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return new Uint8Array(
    Buffer.concat([
      signature,
      chunk('IHDR', header),
      chunk('IDAT', rows),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  )
}

async function rawOf(bytes: Uint8Array): Promise<{ size: string; pixels: number[] }> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  return { size: `${info.width}x${info.height}`, pixels: [...data] }
}

test('image() turns an image upright, for all eight orientations, and strips EXIF', async () => {
  const upright = await rawOf(await bytesOf(grid().png()))
  for (let orientation = 1; orientation <= 8; orientation++) {
    // Stored so that turning it as its orientation says gives the grid.
    const inverse = [0, 1, 2, 3, 4, 5, 8, 7, 6][orientation] ?? 1
    const stored = await bytesOf(
      sharp(await bytesOf(grid().png().withMetadata({ orientation: inverse })))
        .autoOrient()
        .png(),
    )
    const tagged = await bytesOf(
      sharp(stored)
        .png()
        .withExif({ IFD0: { Copyright: 'somebody' } })
        .withMetadata({ orientation }),
    )
    const made = await used.client.image(tagged, { format: 'png' })
    expect(await rawOf(made.bytes), `${orientation}`).toEqual(upright)
    const { exif, orientation: left } = await sharp(made.bytes).metadata()
    expect([exif, left]).toEqual([undefined, undefined])
    expect(await used.client.imageInfo(tagged)).toMatchObject({ orientation, width: 4, height: 2 })
  }
})

test('image() crops, turns and mirrors in this order', async () => {
  const crop = { left: 1, top: 0, width: 2, height: 2 }
  const original = await bytesOf(grid().png())
  for (const rotate of [0, 90, 180, 270] as const)
    for (const flip of [undefined, 'horizontal', 'vertical'] as const) {
      const cut = await bytesOf(sharp(original).extract(crop).png())
      const turned = await bytesOf(sharp(cut).rotate(rotate).png())
      const mirrored =
        flip === undefined
          ? turned
          : await bytesOf(
              (flip === 'horizontal' ? sharp(turned).flop() : sharp(turned).flip()).png(),
            )
      const operations = { crop, rotate, ...(flip && { flip }), format: 'png' as const }
      const made = await used.client.image(original, operations)
      expect(await rawOf(made.bytes), `${rotate} ${flip}`).toEqual(await rawOf(mirrored))
    }
  const half = { width: 2, height: 2, format: 'png' as const }
  const mirrored = { ...half, flip: 'horizontal' as const, position: 'left' as const }
  const left = await used.client.image(original, mirrored)
  expect((await rawOf(left.bytes)).pixels[0]).toBe(90)
  const turned = { ...half, rotate: 90 as const, position: 'top' as const }
  const top = await used.client.image(original, turned)
  expect((await rawOf(top.bytes)).pixels[0]).toBe(120)
})

test('image() makes the size that was asked for, for every fit', async () => {
  const from = await bytesOf(plain(400, 200).jpeg())
  const sizes: [ImageOperations, number, number][] = [
    [{ width: 100 }, 100, 50],
    [{ height: 100 }, 200, 100],
    [{ width: 100, height: 100 }, 100, 100],
    [{ width: 100, height: 100, fit: 'contain' }, 100, 100],
    [{ width: 100, height: 100, fit: 'inside' }, 100, 50],
    [{ width: 100, height: 100, fit: 'outside' }, 200, 100],
    [{ width: 100, height: 100, fit: 'fill' }, 100, 100],
    [{ width: 800 }, 800, 400],
    [{ width: 800, enlarge: false }, 400, 200],
    [{ width: 800, height: 100, enlarge: false }, 400, 100],
    [{ width: 800, height: 800, fit: 'contain', enlarge: false }, 800, 800],
    [{ width: 50, rotate: 90 }, 50, 100],
    [{ crop: { left: 0, top: 0, width: 100, height: 100 }, width: 50 }, 50, 50],
    [{}, 400, 200],
  ]
  for (const [operations, width, height] of sizes) {
    const made = await used.client.image(from, operations)
    expect(made, JSON.stringify(operations)).toMatchObject({ width, height, frames: 1 })
    expect(await sharp(made.bytes).metadata()).toMatchObject({ width, height })
  }
})

test('image() writes every format, and JPEG over the background', async () => {
  const clear = await bytesOf(
    sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    }).png(),
  )
  for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif'] as const) {
    const made = await used.client.image(clear, { format })
    expect(made.contentType).toBe(`image/${format}`)
    const found = await sharp(made.bytes).metadata()
    expect(found.format).toBe(format === 'avif' ? 'heif' : format)
  }
  const flat = await used.client.image(clear, { format: 'jpeg', background: '#ff0000' })
  const [red = 0, green = 255] = (await rawOf(flat.bytes)).pixels
  expect(red > 240 && green < 15).toBe(true)
})

test('image() keeps the frames of an animation, and refuses more than allowed', async () => {
  const pages = await Promise.all(
    [0, 99, 200].map((r) =>
      bytesOf(
        sharp({
          create: { width: 20, height: 10, channels: 3, background: { r, g: 0, b: 0 } },
        }).png(),
      ),
    ),
  )
  const gif = await bytesOf(sharp(pages, { join: { animated: true } }).gif())
  expect(await used.client.image(gif, { width: 10 })).toMatchObject({
    width: 10,
    height: 5,
    frames: 3,
  })
  expect(await used.client.image(gif, { format: 'webp' })).toMatchObject({ frames: 3, height: 10 })
  expect(await used.client.image(gif, { animated: false })).toMatchObject({ frames: 1 })
  expect(await used.client.image(gif, { format: 'png' })).toMatchObject({ frames: 1 })
  await expect(used.client.image(gif, { rotate: 90 })).rejects.toMatchObject({
    code: 'unsupported',
  })
  await using few = await useSidecar({ image: { frames: 2 } })
  await expect(few.client.image(gif, {})).rejects.toMatchObject({ code: 'limit_exceeded' })
  expect(await few.client.image(gif, { animated: false })).toMatchObject({ frames: 1 })
})

test('image() lays a watermark over an image, read from a store', async () => {
  await used.bucket.put(
    'mark.png',
    await bytesOf(
      sharp({ create: { width: 10, height: 10, channels: 3, background: '#0000ff' } }).png(),
    ),
  )
  const image = { store: 'local', bucket: 'files', key: 'mark.png' }
  const from = await bytesOf(plain(100, 100).png())
  const made = await used.client.image(from, {
    watermark: { image, position: 'top-left', margin: 5, scale: 0.1 },
  })
  const { pixels } = await rawOf(made.bytes)
  const blueAt = (x: number, y: number): number => pixels[3 * (100 * y + x) + 2] ?? 0
  expect([blueAt(4, 4), blueAt(5, 5), blueAt(14, 14), blueAt(15, 15)]).toEqual([32, 255, 255, 32])
  const half = await used.client.image(from, {
    watermark: { image, opacity: 0.5 },
    grayscale: true,
  })
  expect(half.width).toBe(100)
  const gone = { ...image, key: 'gone.png' }
  await expect(used.client.image(from, { watermark: { image: gone } })).rejects.toMatchObject({
    code: 'input_not_found',
  })
})

test('image() reads the version of an object that was asked for', async () => {
  const { etag } = await used.bucket.put('a.png', await bytesOf(plain(5, 5).png()))
  const stored = { store: 'local', bucket: 'files', key: 'a.png' }
  expect(await used.client.image({ ...stored, etag }, {})).toMatchObject({ width: 5 })
  for (const other of [
    { ...stored, etag: 'other' },
    { ...stored, key: 'b' },
    { ...stored, store: 'no' },
  ])
    await expect(used.client.image(other, {})).rejects.toMatchObject({ code: 'input_not_found' })
})

test('image() refuses what is wrong or without effect, and what is no image', async () => {
  const png = await bytesOf(plain(10, 10).png())
  const wrong: unknown[] = [
    { width: 0 },
    { width: 1.5 },
    { width: '100' },
    { width: 16_385 },
    { size: 5 },
    { background: 'red' },
    { position: 'top' },
    { format: 'gif', quality: 5 },
    { crop: { left: 5, top: 5, width: 10, height: 10 } },
    { fit: 'inside', width: 5, height: 5, position: 'top' },
  ]
  for (const operations of wrong)
    // What a program without types might send.
    await expect(used.client.image(png, operations as ImageOperations)).rejects.toMatchObject({
      code: 'invalid_operation',
    })
  const text = new TextEncoder().encode('hello')
  await expect(used.client.image(text, {})).rejects.toMatchObject({ code: 'unsupported_media' })
  const noise = await bytesOf(
    sharp({
      create: {
        width: 99,
        height: 99,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    }).png(),
  )
  await expect(used.client.image(noise.slice(0, 9000), {})).rejects.toMatchObject({
    code: 'unreadable_media',
  })
})

test('image() refuses 16,000 by 16,000 pixels before it decodes one', async () => {
  const bomb = emptyPng(16_000)
  expect(bomb.length).toBeLessThan(1_000_000)
  expect(await used.client.imageInfo(bomb)).toMatchObject({ width: 16_000, height: 16_000 })
  await expect(used.client.image(bomb, { width: 100 })).rejects.toMatchObject({
    code: 'limit_exceeded',
  })
  const thin = await bytesOf(plain(1, 500).png())
  await expect(used.client.image(thin, { width: 16_384 })).rejects.toMatchObject({
    code: 'limit_exceeded',
  })
})

test('image() draws an SVG, and refuses one that names anything outside itself', async () => {
  const svg = (inner: string): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="10">${inner}</svg>`,
    )
  const drawn = svg(
    '<defs><g id="a"/></defs><rect width="20" height="10" fill="red"/><use href="#a"/>',
  )
  expect(await used.client.image(drawn, {})).toMatchObject({ contentType: 'image/png', width: 20 })
  const outside = [
    '<image href="http://127.0.0.1:1/a.png" width="9" height="9"/>',
    '<image xlink:href="file:///etc/passwd" width="9" height="9"/>',
    "<image href='data:image/svg+xml;base64,AAAA'/>",
    '<style>@import "http://127.0.0.1:1/";</style>',
    '<rect fill="url( http://127.0.0.1:1/#a )"/>',
  ]
  for (const inner of outside)
    await expect(used.client.image(svg(inner), {}), inner).rejects.toMatchObject({
      code: 'unsupported_media',
    })
  const entity = new TextEncoder().encode(
    '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg width="9" height="9">&x;</svg>',
  )
  await expect(used.client.image(entity, {})).rejects.toMatchObject({ code: 'unsupported_media' })
})

/** What an SVG cannot be seen to cost: an image within it, and work that a filter asks for. */
test.for([
  [
    'an image of 16,000² pixels in it',
    'limit_exceeded',
    20_000,
    `<image width="20" height="10" href="data:image/png;base64,${Buffer.from(emptyPng(16_000)).toString('base64')}"/>`,
  ],
  [
    'a filter that takes hours',
    'deadline_exceeded',
    3000,
    '<filter id="f"><feMorphology operator="dilate" radius="500"/></filter><rect width="4000" height="4000" filter="url(#f)"/>',
  ],
] as const)(
  'image() ends an SVG with %s, and its place is free again',
  async ([, code, deadlineMs, inner]) => {
    await using strict = await useSidecar({ image: { places: 1, deadlineMs } })
    const drawing = new TextEncoder().encode(
      `<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000">${inner}</svg>`,
    )
    await expect(strict.client.image(drawing, {})).rejects.toMatchObject({ code })
    expect(await strict.client.image(await bytesOf(plain(8, 8).png()), {})).toMatchObject({
      width: 8,
    })
  },
)

test('image() takes no SVG whose text it cannot read as it was looked through', async () => {
  const text =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="a.png"/></svg>'
  for (const encoding of ['utf16le', 'latin1'] as const) {
    const declared = `<?xml version="1.0" encoding="UTF-16"?>${text}`
    const bytes = new Uint8Array(Buffer.from(`\ufeff${declared}`, encoding))
    await expect(used.client.image(bytes, {})).rejects.toMatchObject({ code: 'unsupported_media' })
  }
})
