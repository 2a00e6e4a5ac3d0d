import { fileTypeFromBuffer } from 'file-type'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { createCrashingStorage } from '../../../../test/support/crashing-storage.ts'
import { createS3Standin } from '../../../../test/support/s3-standin.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { s3 } from '../providers/s3/s3.ts'
import { ScanError } from '../scanning/scan-error.ts'
import type { ScanVerdict, VirusScanner } from '../scanning/virus-scanner.ts'
import { createFileKeys } from './file-key.ts'
import { createUploadPipeline, type UploadPipelineOptions } from './upload-pipeline.ts'

const DAY_MS = 86_400_000
const EICAR = 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE'
const engine = { engine: 'fake 1', signaturesAt: null }

/** The beginning of a PNG, which is all that is looked at. */
function png(width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(64)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82])
  const view = new DataView(bytes.buffer)
  view.setUint32(16, width)
  view.setUint32(20, height)
  bytes.set([8, 6], 24)
  return bytes
}

function fakeScanner(stores: readonly string[] = []) {
  const seen: unknown[] = []
  const next: (ScanVerdict | Error)[] = []
  const scanner: VirusScanner = {
    name: 'fake',
    capabilities: { stores, maxBytes: 1e9, archives: true },
    async scan(input) {
      const planned = next.shift()
      if (planned instanceof Error) throw planned
      if (!(input instanceof ReadableStream)) {
        seen.push(input)
        return planned ?? { verdict: 'clean', ...engine }
      }
      const text = await new Response(input).text()
      seen.push(text.length)
      const infected = text.includes(EICAR)
      return (
        planned ??
        (infected
          ? { verdict: 'infected', signature: 'Eicar', ...engine }
          : { verdict: 'clean', ...engine })
      )
    },
  }
  return { scanner, seen, next }
}

function stage(changes: Partial<UploadPipelineOptions> = {}) {
  const clock = createFakeClock()
  const provider = memoryBlobs({ clock })
  const incoming = provider.bucket('incoming')
  const published = provider.bucket('public')
  const backend = memory({ clock })
  const { scanner, seen, next } = fakeScanner()
  const options: UploadPipelineOptions = {
    backend,
    quarantine: { store: incoming, prefix: 'in/' },
    published,
    types: ['image/png', 'application/pdf', 'text/csv'],
    maxBytes: 1000,
    sniff: fileTypeFromBuffer,
    scanner,
    key: createFileKeys('files/{yyyy}/{mm}/{id}{ext}', { clock }),
    clock,
    ...changes,
  }
  const keysOf = async (): Promise<readonly string[]> => [
    ...(await Array.fromAsync(incoming.list(), ({ key }) => key)),
    ...(await Array.fromAsync(published.list(), ({ key }) => key)),
  ]
  return {
    clock,
    incoming,
    published,
    backend,
    seen,
    next,
    options,
    keysOf,
    pipeline: createUploadPipeline(options),
  }
}

test.for([false, true])(
  'a file that is well is published under a key of our own, sameAccount: %s',
  async (sameAccount) => {
    const { incoming, published, pipeline, seen, keysOf } = stage({ sameAccount })
    await incoming.put('in/1', png(40, 30), { contentType: 'image/png', metadata: { x: 'y' } })
    expect(await pipeline.state('in/1')).toEqual({ state: 'waiting' })
    const result = await pipeline.process('in/1')
    expect(result).toMatchObject({
      state: 'published',
      key: expect.stringMatching(/^files\/2026\/01\/[\w-]{22}\.png$/) as string,
      facts: {
        source: 'in/1',
        size: 64,
        contentType: 'image/png',
        image: { width: 40, height: 30 },
      },
    })
    if (result.state !== 'published') throw new Error('It was not published')
    const head = await published.head(result.key)
    expect([head?.etag, head?.contentType]).toEqual([result.etag, 'image/png'])
    expect(result.facts.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(await keysOf()).toEqual([result.key])
    // Asked again it says the same and does nothing.
    expect(await pipeline.process('in/1')).toEqual(result)
    expect(await pipeline.state('in/1')).toEqual(result)
    expect(seen).toHaveLength(1)
  },
)

test.for<[string, string, string | Uint8Array<ArrayBuffer>, string]>([
  ['too_large', 'text/csv', 'a,b\n'.repeat(300), 'text of 1,200 bytes'],
  ['type_not_allowed', 'text/html', '<p>hello', 'HTML that says so'],
  ['type_mismatch', 'image/png', '<html><script>alert(1)</script>', 'HTML that says it is PNG'],
  ['type_mismatch', 'image/png', 'GIF89a\u0001\u0000\u0001\u0000', 'GIF that says it is PNG'],
  ['type_mismatch', 'text/csv', '  <!DOCTYPE html><p>', 'HTML that says it is CSV'],
  ['type_mismatch', 'text/csv', 'a,b\n<svg onload="alert(1)">', 'SVG that says it is CSV'],
  ['type_mismatch', 'text/csv', new Uint8Array([0, 1, 2, 3]), 'bytes that say they are text'],
  ['type_mismatch', 'text/csv', png(1, 1), 'PNG that says it is CSV'],
  ['type_mismatch', 'application/pdf', 'just text', 'text that says it is PDF'],
  ['too_many_pixels', 'image/png', png(16_000, 16_000), '16,000² pixels'],
  ['unreadable_image', 'image/png', png(0, 9), 'an image without a width'],
  ['infected', 'text/csv', `a,${EICAR}`, 'a virus'],
])(
  '%s (%s): what is refused is not published, and goes with time',
  async ([reason, contentType, body]) => {
    const { incoming, pipeline, clock, keysOf } = stage()
    await incoming.put('in/1', body, { contentType })
    const result = await pipeline.process('in/1')
    expect(result).toMatchObject({ state: 'refused', reason })
    expect(await pipeline.process('in/1')).toEqual(result)
    await pipeline.sweep()
    expect(await keysOf()).toEqual(['in/1'])
    await clock.advance(7 * DAY_MS + 1)
    await pipeline.sweep()
    expect(await keysOf()).toEqual([])
  },
)

test('a scan without a verdict publishes nothing and is made again; unscannable is refused', async () => {
  const { incoming, pipeline, next, keysOf } = stage()
  await incoming.put('in/1', 'a,b', { contentType: 'text/csv; charset=utf-8' })
  next.push(new ScanError('unavailable', 'No clamd'))
  await expect(pipeline.process('in/1')).rejects.toMatchObject({ name: 'ScanError' })
  expect(await pipeline.state('in/1')).toMatchObject({ state: 'checked' })
  expect(await keysOf()).toEqual(['in/1'])
  next.push({ verdict: 'unscannable', reason: 'archive_limit', ...engine })
  expect(await pipeline.process('in/1')).toEqual({
    state: 'refused',
    reason: 'unscannable',
    detail: 'archive_limit',
  })
})

test('a scanner that reads by itself is told where, and which version', async () => {
  const { scanner, seen } = fakeScanner(['s3'])
  const { incoming, options } = stage({ scanner })
  const quarantine = { ...options.quarantine, alias: 's3' }
  await incoming.put('in/1', 'a,b', { contentType: 'text/csv' })
  const etag = (await incoming.head('in/1'))?.etag
  await createUploadPipeline({ ...options, quarantine }).process('in/1')
  expect(seen).toEqual([{ store: 's3', bucket: 'incoming', key: 'in/1', etag }])
})

test('another version of a file begins anew', async () => {
  const { incoming, pipeline } = stage()
  await incoming.put('in/1', 'not,<html>', { contentType: 'text/csv' })
  expect(await pipeline.process('in/1')).toMatchObject({ state: 'refused' })
  await incoming.put('in/1', 'a,b', { contentType: 'text/csv' })
  expect(await pipeline.state('in/1')).toEqual({ state: 'waiting' })
  expect(await pipeline.process('in/1')).toMatchObject({ state: 'published' })
})

/** As S3 has it: the same bytes have the same etag, whenever they come. */
async function alike() {
  const clock = createFakeClock()
  const standin = createS3Standin(clock)
  for (const name of ['incoming', 'public']) standin.createBucket(name)
  const { endpoint, accessKeyId, secretAccessKey, fetch } = standin
  const provider = s3({ endpoint, accessKeyId, secretAccessKey, fetch, clock })
  const [incoming, published] = [provider.bucket('incoming'), provider.bucket('public')]
  const quota = { bytes: 10, window: '1h' } as const
  const backend = memory({ clock })
  const quarantine = { store: incoming, prefix: 'in/' }
  const staged = stage({ clock, backend, quarantine, published, quota })
  const send = async (key: string, text: string) => {
    await incoming.put(key, text, { contentType: 'text/csv' })
    return staged.pipeline.process(key, { subject: 'ada' })
  }
  return { clock, published, send, incoming, pipeline: staged.pipeline }
}

test('the same bytes sent again are published once, and anew where what was published is gone', async () => {
  const { clock, published, send } = await alike()
  const first = await send('in/1', 'a,b')
  await clock.advance(5000)
  expect(await send('in/1', 'a,b')).toEqual(first)
  if (first.state !== 'published') throw new Error('It was to be published')
  await published.delete(first.key)
  await clock.advance(5000)
  const again = await send('in/1', 'a,b')
  if (again.state !== 'published') throw new Error('It was to be published')
  expect(await (await published.get(again.key))?.text()).toBe('a,b')
})

test('a refusal is of one arrival, not of all bytes alike', async () => {
  const { clock, send, pipeline, incoming } = await alike()
  expect(await send('in/1', 'a,b,c,d,')).toMatchObject({ state: 'published' })
  expect(await send('in/2', 'a,b,c')).toMatchObject({ reason: 'over_quota' })
  const asked = await pipeline.process('in/2', { subject: 'ada' })
  expect(asked).toMatchObject({ reason: 'over_quota' })
  await clock.advance(2 * 3_600_000)
  await incoming.put('in/2', 'a,b,c', { contentType: 'text/csv' })
  expect(await pipeline.state('in/2')).toEqual({ state: 'waiting' })
  const next = await pipeline.process('in/2', { subject: 'ada' })
  expect(next).toMatchObject({ state: 'published' })
})

/** A GIF of so many frames of 8 × 8, each with `bytes` of what none decodes. */
function gif(frames: number, bytes: number): Uint8Array<ArrayBuffer> {
  const head = [0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 8, 0, 8, 0, 0, 0, 0]
  const blocks = Array.from({ length: Math.ceil(bytes / 255) }, () => [255, ...Array(255).fill(1)])
  const frame = [0x2c, 0, 0, 0, 0, 8, 0, 8, 0, 0, 2, ...blocks.flat(), 0] as number[]
  return Uint8Array.from([...head, ...Array.from({ length: frames }, () => frame).flat(), 0x3b])
}

test('frames are counted wherever in a file they are', async () => {
  const large = { types: ['image/gif'], maxBytes: 1e8, maxPixels: 64 * 99 }
  const { incoming, pipeline } = stage(large)
  const send = async (key: string, bytes: Uint8Array<ArrayBuffer>) => {
    await incoming.put(key, bytes, { contentType: 'image/gif' })
    return pipeline.process(key)
  }
  expect(await send('in/1', gif(100, 5000))).toMatchObject({ reason: 'too_many_pixels' })
  expect(await send('in/2', gif(99, 5000))).toMatchObject({
    state: 'published',
    facts: { image: { frames: 99 } },
  })
  // Wherever the head of a file ends within a frame.
  for (const bytes of [261_000, 261_375, 261_630, 261_885, 262_140])
    expect(await send(`in/${bytes}`, gif(2, bytes))).toMatchObject({ state: 'published' })
  const huge = new Uint8Array(33_554_433)
  huge.set(gif(1, 0))
  expect(await send('in/3', huge)).toMatchObject({
    reason: 'unreadable_image',
    detail: 'input_too_large',
  })
})

test('the size of an image is found behind metadata of any length', async () => {
  const options = { types: ['image/jpeg', 'image/tiff'], maxBytes: 1e8 }
  const { incoming, pipeline } = stage(options)
  const noise = new Uint8Array(700 * 500 * 3).map((_, index) => (index * 7919) % 251)
  const picture = sharp(noise, { raw: { width: 700, height: 500, channels: 3 } })
  const jpeg = await picture.jpeg().toBuffer()
  const segment = new Uint8Array(65_537)
  segment.set([0xff, 0xed, 0xff, 0xff])
  const parts = [jpeg.subarray(0, 2), ...Array.from({ length: 5 }, () => segment), jpeg.subarray(2)]
  const tiff = await picture.tiff({ compression: 'none' }).toBuffer()
  for (const [type, body] of [
    ['image/jpeg', new Uint8Array(Buffer.concat(parts))],
    ['image/tiff', new Uint8Array(tiff)],
  ] as const) {
    await incoming.put('in/1', body, { contentType: type })
    expect(await pipeline.process('in/1')).toMatchObject({
      state: 'published',
      facts: { image: { width: 700, height: 500 } },
    })
  }
})

test('a quota counts bytes a subject, each file once', async () => {
  const { incoming, pipeline, clock } = stage({ quota: { bytes: 10, window: '1d' } })
  const publish = async (key: string, text: string, subject = 'ada') => {
    await incoming.put(key, text, { contentType: 'text/csv' })
    return pipeline.process(key, { subject })
  }
  expect(await publish('in/1', 'a,b,c,')).toMatchObject({ state: 'published' })
  expect(await pipeline.process('in/1', { subject: 'ada' })).toMatchObject({ state: 'published' })
  expect(await publish('in/2', 'a,b,c,')).toMatchObject({ state: 'refused', reason: 'over_quota' })
  expect(await publish('in/3', 'a,b,')).toMatchObject({ state: 'published' })
  expect(await publish('in/4', 'a,b,c,', 'bob')).toMatchObject({ state: 'published' })
  expect(await publish('in/5', 'a,b,c,d,e,f,', 'eve')).toMatchObject({ reason: 'over_quota' })
  await clock.advance(DAY_MS)
  expect(await publish('in/6', 'a,b,c,')).toMatchObject({ state: 'published' })
  await incoming.put('in/7', 'a', { contentType: 'text/csv' })
  await expect(pipeline.process('in/7')).rejects.toThrow(TypeError)
})

test.for(['before', 'after'] as const)(
  'a process that dies %s any of its writes publishes once, under one key',
  async (when) => {
    for (let crashAt = 1, crashed = true; crashed; crashAt++) {
      const { incoming, options, backend, clock, keysOf, pipeline } = stage({
        quota: { bytes: 5, window: '1d' },
      })
      await incoming.put('in/1', 'a,b', { contentType: 'text/csv' })
      const dying = createCrashingStorage(backend, incoming, crashAt, when)
      const first = createUploadPipeline({
        ...options,
        backend: { ...dying.backend, rateLimits: backend.rateLimits },
        quarantine: { store: dying.store, prefix: 'in/' },
      })
      await first.process('in/1', { subject: 'ada' }).catch(() => undefined)
      crashed = dying.crashed()
      await clock.advance(60_000)
      const result = await pipeline.process('in/1', { subject: 'ada' })
      expect(result, `crash at ${crashAt}`).toMatchObject({ state: 'published' })
      expect(await keysOf()).toEqual(result.state === 'published' ? [result.key] : [])
      expect(crashAt).toBeLessThan(50)
    }
  },
)

test('process() refuses keys outside quarantine, and what is not there', async () => {
  const { pipeline } = stage()
  await expect(pipeline.process('files/1')).rejects.toMatchObject({ code: 'invalid_key' })
  await expect(pipeline.process('in/none')).rejects.toMatchObject({ code: 'not_found' })
  expect(await pipeline.state('in/none')).toBe(null)
})

test('createUploadPipeline() refuses options that cannot be meant', () => {
  const { options } = stage()
  const wrong: Partial<UploadPipelineOptions>[] = [
    { maxBytes: NaN },
    { maxPixels: 0 },
    { keep: '1s' },
    { quarantine: { ...options.quarantine, prefix: '' } },
    { scanner: {} as VirusScanner },
    { backend: { store: options.backend.store }, quota: { bytes: 1, window: '1d' } },
    { typos: 1 } as object,
  ]
  for (const change of wrong)
    expect(() => createUploadPipeline({ ...options, ...change })).toThrow(/TypeError|Cannot/)
})

test.for(['../x', '', '\0', 42, undefined] as string[])(
  'a key that cannot be written, %j, is not kept as where a file goes',
  async (wrong) => {
    const keys = [wrong, 'files/1']
    const { incoming, pipeline } = stage({ key: () => keys.shift() ?? '' })
    await incoming.put('in/1', 'a,b', { contentType: 'text/csv' })
    await expect(pipeline.process('in/1')).rejects.toMatchObject({ code: 'invalid_key' })
    expect(await pipeline.process('in/1')).toMatchObject({ state: 'published', key: 'files/1' })
    await expect(pipeline.process(wrong)).rejects.toMatchObject({ code: 'invalid_key' })
  },
)

test.for([
  { types: [] },
  { types: 'text/csv' },
  { types: [5] },
  { types: ['csv'] },
  { sniff: 5 },
  { key: 'files/{id}' },
] as object[])('createUploadPipeline() refuses %j', (wrong) => {
  expect(() => stage(wrong)).toThrow(TypeError)
})
