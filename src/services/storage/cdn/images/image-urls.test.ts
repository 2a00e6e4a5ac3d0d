import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/index.ts'
import { cloudflareImageUrls } from './cloudflare-image-urls.ts'
import type { ImageUrlOperations } from './image-urls.ts'
import { imgproxyUrls, type ImgproxyUrlsOptions } from './imgproxy-urls.ts'

const options: ImgproxyUrlsOptions = {
  baseUrl: 'https://images.example/',
  key: '943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881',
  salt: '520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5',
  source: 's3://avatars',
}
const imgproxy = imgproxyUrls(options)
const cloudflare = cloudflareImageUrls({
  baseUrl: 'https://example.com',
  source: 'https://files.example.com/avatars/',
})

async function verify(url: string): Promise<{ steps: string; source: string; ending: string }> {
  const [, code = '', path = ''] = /^https:\/\/images\.example\/([\w-]{43})(\/.*)$/.exec(url) ?? []
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(options.key, 'hex'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  )
  const signed = Buffer.concat([Buffer.from(options.salt, 'hex'), Buffer.from(path)])
  expect(await crypto.subtle.verify('HMAC', key, Buffer.from(code, 'base64url'), signed)).toBe(true)
  const [, steps = '', source = '', ending = ''] = /^\/(.*)\/([\w-]+)(\.\w+)?$/.exec(path) ?? []
  return { steps, source: Buffer.from(source, 'base64url').toString(), ending }
}

test.for<[ImageUrlOperations, string, string]>([
  [{}, 'ar:1/sm:1/scp:1', 'metadata=none,format=auto'],
  [
    { width: 300, height: 200 },
    'rs:fill:300:200:1/g:ce/ar:1/sm:1/scp:1',
    'width=300,height=200,fit=cover,gravity=0.5x0.5,metadata=none,format=auto',
  ],
  [
    { width: 300, height: 200, enlarge: false, position: 'top-right' },
    'rs:fill:300:200:0/g:noea/ar:1/sm:1/scp:1',
    'width=300,height=200,fit=crop,gravity=1x0,metadata=none,format=auto',
  ],
  [
    { width: 300, enlarge: false },
    'rs:fit:300:0:0/ar:1/sm:1/scp:1',
    'width=300,fit=scale-down,metadata=none,format=auto',
  ],
  [
    { width: 9, height: 8, fit: 'contain', background: '#0aF', quality: 70 },
    'rs:fit:9:8:1:1/bg:00aaff/q:70/ar:1/sm:1/scp:1',
    'width=9,height=8,fit=pad,background=%2300aaff,quality=70,metadata=none,format=auto',
  ],
  [
    { width: 9, height: 8, fit: 'fill', rotate: 90 },
    'rot:90/rs:force:9:8:1/ar:1/sm:1/scp:1',
    'width=9,height=8,fit=squeeze,rotate=90,metadata=none,format=auto',
  ],
])('%j is said to both', async ([operations, proxied, transformed]) => {
  expect(await verify(imgproxy.url('a', operations))).toMatchObject({ steps: proxied })
  expect(cloudflare.url('a', operations)).toBe(
    `https://example.com/cdn-cgi/image/${transformed}/https://files.example.com/avatars/a`,
  )
})

test('imgproxyUrls() signs as its documentation does, and keeps every byte of a key', async () => {
  expect(await verify(imgproxy.url('a b/ü%?#+.png', { format: 'jpeg' }))).toMatchObject({
    source: 's3://avatars/a%20b/%C3%BC%25%3F%23%2B.png',
    ending: '.jpg',
  })
  const crop = { left: 1, top: 2, width: 3, height: 4 }
  const { steps } = await verify(imgproxy.url('a', { crop, metadata: 'icc', orient: false }))
  expect(steps).toBe('c:3:4:nowe:1:2/ar:0/sm:1/scp:0')
})

test('imgproxyUrls() makes URLs that expire, the same for all of a window', async () => {
  const clock = createFakeClock()
  const { url } = imgproxyUrls({ ...options, expiresIn: '1h', clock })
  const first = url('a')
  const [, expires = ''] = /exp:(\d+)/.exec(first) ?? []
  const left = Number(expires) * 1000 - clock.now()
  expect(left).toBeGreaterThanOrEqual(3_600_000)
  expect(left).toBeLessThanOrEqual(7_200_000)
  await verify(first)
  await clock.advance(7_200_000)
  expect(url('a')).not.toBe(first)
})

test.for<Partial<Record<keyof ImgproxyUrlsOptions, unknown>>>([
  { key: 'no hex' },
  { key: '00' },
  { salt: '' },
  { baseUrl: 'ftp://x' },
  { source: 'javascript://x' },
  { source: 's3://a?b' },
  { window: '1h' },
  { expiresIn: '8d' },
  { secret: 'x' },
] as object[])('imgproxyUrls() refuses %j', (wrong) => {
  expect(() => imgproxyUrls({ ...options, ...(wrong as object) })).toThrow(
    /^Cannot make imgproxy URLs|^Cannot sign CDN URL/,
  )
})

test.for<[object, string]>([
  [{ width: 0 }, 'invalid_operation'],
  [{ width: Number.NaN }, 'invalid_operation'],
  [{ width: '300' }, 'invalid_operation'],
  [{ height: 1.5 }, 'invalid_operation'],
  [{ fit: 'crop' }, 'invalid_operation'],
  [{ format: 'auto/../../x' }, 'invalid_operation'],
  [{ background: 'red' }, 'invalid_operation'],
  [{ widht: 300 }, 'invalid_operation'],
  [{ constructor: 1 }, 'invalid_operation'],
  [{ crop: { left: 0, top: 0, width: 1 } }, 'invalid_operation'],
  [{ background: '#00000080' }, 'unsupported'],
  [{ position: 'entropy' }, 'unsupported'],
  [{ width: 1, height: 1, fit: 'outside' }, 'unsupported'],
])('both refuse %j as %s', ([operations, code]) => {
  for (const { url } of [imgproxy, cloudflare])
    expect(() => url('a', operations)).toThrow(expect.objectContaining({ code }) as Error)
})

test('what only one of them can say, the other refuses', () => {
  const refused = expect.objectContaining({ code: 'unsupported' }) as Error
  for (const operations of [
    { blur: 1 },
    { sharpen: 1 },
    { format: 'png' },
    { metadata: 'icc' },
  ] as const) {
    expect(imgproxy.url('a', operations)).toMatch(/^https:/)
    expect(() => cloudflare.url('a', operations)).toThrow(refused)
  }
  for (const operations of [
    { flip: 'vertical' },
    { grayscale: true },
    { animated: false },
  ] as const) {
    expect(cloudflare.url('a', operations)).toMatch(/^https:/)
    expect(() => imgproxy.url('a', operations)).toThrow(refused)
  }
})

test('no key leaves its source', () => {
  for (const { url } of [imgproxy, cloudflare])
    for (const key of ['../a', 'a/..', '.', '', '\0', '\ud800'])
      expect(() => url(key)).toThrow(expect.objectContaining({ code: 'invalid_key' }) as Error)
})
