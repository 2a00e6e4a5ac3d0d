import { expect, test } from 'vitest'
import { createCdnUrls } from './cdn-urls.ts'
import { cloudflareSigner } from './cloudflare-signer.ts'
import { cloudFrontSigner } from './cloudfront-signer.ts'
import { cloudflarePurger, cloudFrontPurger, fastlyPurger, type PurgeTargets } from './purge.ts'

const HOUR_MS = 3_600_000

function recorder(...answers: readonly (() => Response)[]) {
  const sent: { url: string; headers: Headers; body: string }[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const body = init.body === undefined ? '' : await new Response(init.body).text()
    sent.push({ url, headers: new Headers(init.headers), body })
    return answers[sent.length - 1]?.() ?? Response.json({ success: true })
  }
  return { sent, fetch }
}

test('createCdnUrls() encodes each byte of a key once, and refuses keys that leave the base', () => {
  const cdn = createCdnUrls({ baseUrl: 'https://cdn.example/files/' })
  expect(cdn.url('a b/ü+%41?#.png')).toBe(
    'https://cdn.example/files/a%20b/%C3%BC%2B%2541%3F%23.png',
  )
  expect(cdn.url('a', { 'w&h': '1 2' })).toBe('https://cdn.example/files/a?w%26h=1%202')
  for (const key of ['../a', 'a/./b', '', '\ud800'])
    expect(() => cdn.url(key)).toThrow(/Cannot use key/)
  for (const baseUrl of ['cdn.example', 'https://cdn.example/?a=1', 'ftp://cdn.example'])
    expect(() => createCdnUrls({ baseUrl })).toThrow(TypeError)
})

test('signed URLs of a window are the same, and of the next one others', async () => {
  let now = Date.parse('2026-05-06T07:00:00Z')
  const signer = cloudflareSigner({ secret: 'a secret of the rule' })
  const cdn = createCdnUrls({ baseUrl: 'https://cdn.example', signer, clock: { now: () => now } })
  const first = await cdn.signed('a.png', { expiresIn: '5m' })
  expect(first.expiresAt).toBe(now + HOUR_MS + 300_000)
  now += HOUR_MS - 1
  expect(await cdn.signed('a.png', { expiresIn: '5m' })).toEqual(first)
  now += 1
  expect((await cdn.signed('a.png', { expiresIn: '5m' })).url).not.toBe(first.url)
  await expect(createCdnUrls({ baseUrl: 'https://cdn.example' }).signed('a')).rejects.toThrow(
    'signer',
  )
})

test('cloudflareSigner() signs path and time as the rule reads them', async () => {
  const secret = 'mysecrettoken-and-more'
  const signer = cloudflareSigner({ secret })
  const url = 'https://downloads.example/images/c%20t.jpg'
  const signed = await signer.sign(url, { signedAt: 1_484_063_787_000, expiresAt: 0 })
  // Read as is_timed_hmac_valid_v0() does: message, separator of 8, time, hyphen, code.
  const uri = signed.slice('https://downloads.example'.length)
  const [, message = '', time = '', code = ''] = /^(.*)\?verify=(\d{10})-(.*)$/.exec(uri) ?? []
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  )
  const given = Uint8Array.from(atob(decodeURIComponent(code)), (char) => char.charCodeAt(0))
  const text = new TextEncoder().encode(message + time)
  expect([message, time]).toEqual(['/images/c%20t.jpg', '1484063787'])
  expect(await crypto.subtle.verify('HMAC', key, given, text)).toBe(true)
  await expect(signer.sign(`${url}?a=1`, { signedAt: 0, expiresAt: 0 })).rejects.toThrow(TypeError)
  expect(() => cloudflareSigner({ secret: 'short' })).toThrow(RangeError)
})

test('cloudFrontSigner() refuses what is no key', () => {
  for (const privateKey of ['', 'x', '-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----'])
    expect(() => cloudFrontSigner({ keyPairId: 'K2JCJMDEHXQW5F', privateKey })).toThrow(RangeError)
})

test('Cloudflare is asked in batches, and 200 with no is no', async () => {
  const { sent, fetch } = recorder()
  const purger = cloudflarePurger({ zoneId: 'zone1', apiToken: 'token', fetch })
  const urls = Array.from({ length: 31 }, (_, index) => `https://cdn.example/${index}`)
  await purger.purge({ urls, tags: ['a'], prefixes: ['cdn.example/b/'] })
  expect(sent.map(({ url }) => url)).toEqual(
    Array.from({ length: 4 }, () => 'https://api.cloudflare.com/client/v4/zones/zone1/purge_cache'),
  )
  expect(sent.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { files: urls.slice(0, 30) },
    { files: urls.slice(30) },
    { tags: ['a'] },
    { prefixes: ['cdn.example/b/'] },
  ])
  expect(sent[0]?.headers.get('authorization')).toBe('Bearer token')
  await purger.purge({ everything: true })
  expect(sent.at(-1)?.body).toBe('{"purge_everything":true}')
  const no = recorder(() => Response.json({ success: false }))
  const refused = cloudflarePurger({ zoneId: 'z', apiToken: 't', fetch: no.fetch })
  await expect(refused.purge({ tags: ['a'] })).rejects.toMatchObject({ code: 'failed' })
})

test('CloudFront is told paths, signed, each time under another reference', async () => {
  const { sent, fetch } = recorder()
  const purger = cloudFrontPurger({
    distributionId: 'EDFDVBD6EXAMPLE',
    accessKeyId: 'AKID',
    secretAccessKey: 'secret',
    fetch,
  })
  const targets = {
    urls: ['https://cdn.example/a b/ü.png?x=1&y'.replace(' ', '%20')],
    prefixes: ['cdn.example/v/'],
  }
  await purger.purge(targets)
  await purger.purge(targets)
  const [first, second] = sent
  expect(first?.url).toBe(
    'https://cloudfront.amazonaws.com/2020-05-31/distribution/EDFDVBD6EXAMPLE/invalidation',
  )
  expect(first?.body).toContain('<Path>/v/*</Path></Items><Quantity>2</Quantity>')
  expect(first?.headers.get('authorization')).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-east-1\/cloudfront\/aws4_request/,
  )
  expect(first?.body).not.toBe(second?.body)
  await expect(purger.purge({ tags: ['a'] })).rejects.toMatchObject({ code: 'unsupported' })
})

test('Fastly is told surrogate keys and URLs, softly where wanted', async () => {
  const { sent, fetch } = recorder()
  const purger = fastlyPurger({ serviceId: 'svc', apiToken: 'token', soft: true, fetch })
  await purger.purge({ tags: ['a', 'b'], urls: ['https://cdn.example/a.png'] })
  expect(sent.map(({ url, body }) => [url, body])).toEqual([
    ['https://api.fastly.com/service/svc/purge', '{"surrogate_keys":["a","b"]}'],
    ['https://api.fastly.com/purge/cdn.example/a.png', ''],
  ])
  expect(sent[0]?.headers.get('fastly-soft-purge')).toBe('1')
  await expect(purger.purge({ prefixes: ['a'] })).rejects.toMatchObject({ code: 'unsupported' })
})

test('no URL to purge reaches another part of the API', async () => {
  const { sent, fetch } = recorder()
  const purger = fastlyPurger({ serviceId: 'svc', apiToken: 'token', fetch })
  const urls = ['https://a/../../service/svc/purge_all', 'https://a/b/%2e%2e/%2E./c?d=../e#f']
  await purger.purge({ urls })
  expect(sent.map(({ url }) => new URL(url).pathname + new URL(url).search)).toEqual([
    '/purge/a/service/svc/purge_all',
    '/purge/a/c?d=../e',
  ])
  await expect(purger.purge({ urls: ['https://%'] })).rejects.toThrow(TypeError)
})

test('a CDN that refuses or throttles is told apart', async () => {
  const answers = [
    () => new Response('', { status: 429, headers: { 'retry-after': '7' } }),
    () => new Response('', { status: 403 }),
    () => new Response('', { status: 500 }),
  ]
  const { fetch } = recorder(...answers)
  const purger = fastlyPurger({ serviceId: 'svc', apiToken: 'token', fetch })
  await expect(purger.purge({ tags: ['a'] })).rejects.toMatchObject({
    code: 'throttled',
    retryAfterMs: 7000,
  })
  await expect(purger.purge({ tags: ['a'] })).rejects.toMatchObject({ code: 'access_denied' })
  await expect(purger.purge({ tags: ['a'] })).rejects.toMatchObject({ code: 'unavailable' })
})

test.for<PurgeTargets>([
  {},
  { urls: [] },
  { urls: ['/a'] },
  { urls: ['https://cdn.example/a\r\nx: y'] },
  { tags: [''] },
  { tags: ['a b'] },
  { everything: true, tags: ['a'] },
  { hosts: ['a'] } as object,
])('purge(%j) is refused before anything is asked', async (targets) => {
  const { sent, fetch } = recorder()
  const purger = cloudflarePurger({ zoneId: 'zone1', apiToken: 'token', fetch })
  await expect(purger.purge(targets)).rejects.toThrow(TypeError)
  expect(sent).toEqual([])
})
