import { expect, test } from 'vitest'
import { encodeBase64Url } from '../../primitives/base64url.ts'
import { encodeHex } from '../../primitives/hex.ts'
import { encodeUtf8 } from '../../primitives/utf8.ts'
import { createFakeClock, createSeededRandom } from '../../testing/index.ts'
import { SidecarError } from './sidecar-error.ts'
import { SIDECAR_HEADERS } from './sidecar-wire.ts'
import {
  checkSidecarRequest,
  signSidecarAnswer,
  signSidecarRequest,
  verifySidecarAnswer,
  type CheckSidecarOptions,
  type SidecarKey,
} from './sidecar-signature.ts'

const key: SidecarKey = { id: 'k1', secret: 'a-secret-of-sixteen-bytes-or-more' }
const clock = createFakeClock()
const random = createSeededRandom(1)
const body = encodeUtf8('the image')

async function signed(parameters: unknown = { input: { body: true } }): Promise<Headers> {
  const request = { method: 'POST', path: '/v1/scan', parameters, body }
  return new Headers(await signSidecarRequest(request, key, { clock, random }))
}

function check(headers: Headers, changes: Partial<CheckSidecarOptions & { path: string }> = {}) {
  const { path = '/v1/scan', ...options } = changes
  return checkSidecarRequest(
    { method: 'POST', path, headers },
    { keys: [key], now: clock.now(), remember: () => true, ...options },
  )
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  const error: unknown = await act().then(
    () => null,
    (reason: unknown) => reason,
  )
  return error instanceof SidecarError ? error.code : String(error)
}

test('checkSidecarRequest() accepts what was signed, and says what it was signed for', async () => {
  const request = await check(await signed({ input: { stored: { key: 'Ä/ü' } } }))
  expect(request.parameters).toEqual({ input: { stored: { key: 'Ä/ü' } } })
  expect(request.keyId).toBe('k1')
  const digest = await crypto.subtle.digest('SHA-256', body)
  expect(request.contentSha256).toBe(encodeHex(new Uint8Array(digest)))
})

test('checkSidecarRequest() refuses another path, key or any header that was changed', async () => {
  expect(await codeOf(async () => check(await signed(), { path: '/v1/image' }))).toBe(
    'signature_mismatch',
  )
  const others = [{ ...key, secret: `${key.secret}!` }]
  expect(await codeOf(async () => check(await signed(), { keys: others }))).toBe(
    'signature_mismatch',
  )
  for (const name of Object.values(SIDECAR_HEADERS).filter((header) => header !== 'reuse-result')) {
    const headers = await signed()
    const value = headers.get(name) ?? ''
    headers.set(
      name,
      value.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    )
    expect(await codeOf(() => check(headers)), name).toBe('signature_mismatch')
    headers.delete(name)
    expect(await codeOf(() => check(headers)), name).toBe('signature_mismatch')
  }
})

test('checkSidecarRequest() takes a request once, and only near the time of its signature', async () => {
  const seen = new Set<string>()
  const remember = (nonce: string): boolean => !seen.has(nonce) && seen.add(nonce).has(nonce)
  const headers = await signed()
  await check(headers, { remember })
  expect(await codeOf(() => check(headers, { remember }))).toBe('replayed')
  for (const apart of [-70_000, 70_000])
    expect(await codeOf(() => check(headers, { now: clock.now() + apart }))).toBe(
      'timestamp_out_of_range',
    )
})

test('checkSidecarRequest() remembers no nonce of a request that nobody signed', async () => {
  const headers = await signed()
  headers.set('reuse-signature', '0'.repeat(64))
  let asked = 0
  const remember = (): boolean => asked++ === 0
  expect(await codeOf(() => check(headers, { remember }))).toBe('signature_mismatch')
  expect(asked).toBe(0)
})

test('checkSidecarRequest() refuses parameters that are no JSON object', async () => {
  for (const parameters of ['text', 7, null])
    expect(await codeOf(async () => check(await signed(parameters)))).toBe('invalid_operation')
})

test('signSidecarRequest() gives the signature that docs/sidecar.md shows', async () => {
  const headers = await signSidecarRequest(
    { method: 'POST', path: '/v1/scan', parameters: { input: { body: true } }, body },
    { id: 'k1', secret: 'docs-secret-docs-secret' },
    {
      clock: { now: () => 1_800_000_000_000 },
      random: { bytes: (length) => new Uint8Array(length) },
    },
  )
  expect(headers['reuse-parameters']).toBe(encodeBase64Url(encodeUtf8('{"input":{"body":true}}')))
  expect(headers['reuse-signature']).toBe(
    'e6832156e0cb6fae226ec6766995b71c14c4dca83a58bb2e6599e183c481c969',
  )
})

test('signSidecarRequest() refuses a short secret, a malformed id and long parameters', async () => {
  const request = { method: 'POST', path: '/v1/scan' }
  await expect(signSidecarRequest(request, { id: 'k', secret: 'short' })).rejects.toThrow(
    RangeError,
  )
  await expect(signSidecarRequest(request, { ...key, id: 'a b' })).rejects.toThrow(RangeError)
  await expect(
    signSidecarRequest({ ...request, parameters: { key: 'k'.repeat(7000) } }, key),
  ).rejects.toThrow(RangeError)
})

test('verifySidecarAnswer() takes an answer for the one to this request, status and body', async () => {
  const answer = { status: 200, nonce: 'n', result: 'r', body }
  const signature = await signSidecarAnswer(answer, key)
  expect(await verifySidecarAnswer(answer, signature, key)).toBe(true)
  for (const change of [{ status: 201 }, { nonce: 'm' }, { result: '' }, { body: encodeUtf8('x') }])
    expect(await verifySidecarAnswer({ ...answer, ...change }, signature, key)).toBe(false)
  expect(await verifySidecarAnswer(answer, null, key)).toBe(false)
  expect(await verifySidecarAnswer(answer, 'no', key)).toBe(false)
})
