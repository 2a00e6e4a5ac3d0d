import { expect, test } from 'vitest'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import {
  checkSidecarRequest,
  signSidecarAnswer,
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
