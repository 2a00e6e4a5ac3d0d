import { expect, test } from 'vitest'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import {
  checkSidecarRequest,
  signSidecarAnswer,
  signSidecarEvent,
  type SidecarEvent,
} from '../../../runtime/sidecar/sidecar-signature.ts'
import { sidecar } from './sidecar.ts'

const key = { id: 'k1', secret: 'a-secret-of-sixteen-bytes-or-more' }

function answering(status: number, text: string, result = '', signed = true) {
  return sidecar({
    url: 'https://media.example',
    ...key,
    async fetch(url, init) {
      const { pathname: path } = new URL(url)
      const headers = new Headers(init.headers)
      const { nonce } = await checkSidecarRequest(
        { method: 'POST', path, headers },
        { keys: [key], now: Date.now(), remember: () => true },
      )
      const body = encodeUtf8(text)
      const signature = signed
        ? await signSidecarAnswer({ status, nonce, result, body }, key)
        : 'no'
      return new Response(body, {
        status,
        headers: {
          'content-type': 'image/webp',
          'reuse-signature': signature,
          ...(result && { 'reuse-result': result }),
        },
      })
    },
  })
}

const bytes = encodeUtf8('an image')

test('image() answers what a signed sidecar made', async () => {
  const result = encodeBase64Url(encodeUtf8('{"width":8,"height":6,"frames":1}'))
  const made = await answering(200, 'pixels', result).image(bytes, { width: 8 })
  expect(made).toMatchObject({ contentType: 'image/webp', width: 8, height: 6, frames: 1 })
  expect(made.bytes).toEqual(encodeUtf8('pixels'))
})

test('scan() believes only a signed verdict, and fails closed', async () => {
  const clean = '{"verdict":"clean","engine":"ClamAV","signaturesAt":null}'
  expect((await answering(200, clean).scan(bytes)).verdict).toBe('clean')
  await expect(answering(200, clean, '', false).scan(bytes)).rejects.toMatchObject({
    name: 'ScanError',
    code: 'unauthorized',
  })
  await expect(answering(200, '{}').scan(bytes)).rejects.toMatchObject({ code: 'failed' })
  const down = '{"error":{"code":"scanner_unavailable"}}'
  await expect(answering(503, down).scan(bytes)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(answering(502, '<html>').scan(bytes)).rejects.toMatchObject({ code: 'unavailable' })
})

test('image() says why the sidecar refused', async () => {
  const refusal = '{"error":{"code":"limit_exceeded","message":"x"}}'
  await expect(answering(422, refusal).image(bytes, {})).rejects.toMatchObject({
    code: 'limit_exceeded',
  })
})

/** Answers with events, signed as `idOf` says. */
function streaming(
  events: readonly string[],
  idOf: (event: SidecarEvent) => Promise<string> = (event) => signSidecarEvent(event, key),
) {
  return sidecar({
    url: 'https://media.example',
    ...key,
    async fetch(_url, init) {
      const nonce = new Headers(init.headers).get('reuse-nonce') ?? ''
      const lines = await Promise.all(
        events.map(async (data, index) => {
          const id = await idOf({ nonce, index, data })
          return `:\n\nevent: any\r\nid: ${id}\ndata: ${data}\n\n`
        }),
      )
      return new Response(lines.join(''))
    },
  })
}

const stored = { store: 's3', bucket: 'films', key: 'a.mp4' }
const output = { store: 's3', bucket: 'films', prefix: 'a/' }
const progress = '{"type":"progress","ratio":0.5,"seconds":1}'
const done = '{"type":"done","seconds":2}'
const files = ['a/1.ts', 'a/2.ts'].map((at) => ({
  ...{ role: 'segment', key: at, size: 1, contentType: 'video/mp2t', etag: 'x' },
}))
const told = files.map((file) => JSON.stringify({ type: 'file', file }))

test('video() tells of progress, and ends with what was made', async () => {
  const heard: number[] = []
  const made = await streaming([progress, ...told, done]).video(stored, { preset: 'hls' }, output, {
    id: 'a',
    onProgress: ({ ratio }) => heard.push(ratio),
  })
  expect(made).toEqual({ files, seconds: 2 })
  expect(heard).toEqual([0.5])
})

test('video() believes only events that are signed, each in its place', async () => {
  const transcode = (client: ReturnType<typeof sidecar>) =>
    client.video(stored, { preset: 'hls' }, output, { id: 'a' })
  const wrong = [
    streaming([done], async () => ''),
    streaming([done], (event) => signSidecarEvent({ ...event, data: progress }, key)),
    streaming([done], (event) => signSidecarEvent({ ...event, index: 1 }, key)),
    streaming([done], (event) => signSidecarEvent({ ...event, nonce: 'other' }, key)),
  ]
  for (const client of wrong)
    await expect(transcode(client)).rejects.toMatchObject({ code: 'unauthorized' })
  await expect(transcode(streaming([progress]))).rejects.toMatchObject({ code: 'unavailable' })
  const failed = '{"type":"error","error":{"code":"limit_exceeded","message":"x"}}'
  await expect(transcode(streaming([failed]))).rejects.toMatchObject({ code: 'limit_exceeded' })
})

test('sidecar() refuses a URL with a path, and a detach beyond an hour', () => {
  const options = { url: 'https://media.example', ...key }
  for (const url of [
    'https://media.example/path',
    'https://u:p@media.example',
    'ftp://media.example',
  ])
    expect(() => sidecar({ ...options, url })).toThrow(TypeError)
  expect(() => sidecar({ ...options, detach: '2h' })).toThrow(RangeError)
})
