import { generateKeyPairSync } from 'node:crypto'
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { expect, test } from 'vitest'
import { createCdnUrls } from '../../src/services/storage/cdn/cdn-urls.ts'
import { cloudFrontSigner } from '../../src/services/storage/cdn/cloudfront-signer.ts'

const keyPairId = 'K2JCJMDEHXQW5F'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pems = {
  pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
const now = Date.parse('2026-05-06T07:08:09.123Z')
const clock = { now: () => now }
const options = { keyPairId, clock } as const
const expiresAt = Date.parse('2026-05-06T09:00:00Z')
const algorithmOf = { 'SHA-1': 'SHA1', 'SHA-256': 'SHA256' } as const

test.for([
  ['pkcs1', 'SHA-1', 'a b/ü+&=?.png', undefined],
  ['pkcs8', 'SHA-256', 'a.png', undefined],
  ['pkcs8', 'SHA-1', 'a.png', { width: '30 0', 'response-content-disposition': 'a; "b"' }],
] as const)(
  'URLs are those of the official signer: %s, %s, %s',
  async ([form, hash, key, query]) => {
    const signer = cloudFrontSigner({ ...options, privateKey: pems[form], hash })
    const cdn = createCdnUrls({ baseUrl: 'https://d111.cloudfront.example/files/', signer, clock })
    const signed = await cdn.signed(key, { expiresIn: '1h', window: '1h', ...(query && { query }) })
    expect(signed.expiresAt).toBe(expiresAt)
    const official = getSignedUrl({
      url: cdn.url(key, query),
      keyPairId,
      privateKey: pems[form],
      dateLessThan: new Date(expiresAt),
      algorithm: algorithmOf[hash],
    })
    expect(signed.url).toBe(official)
  },
)

test('a URL for some addresses has the policy of the official signer', async () => {
  const url = 'https://d111.cloudfront.example/a.png'
  for (const ipAddress of ['203.0.113.0/24', '203.0.113.7']) {
    const signer = cloudFrontSigner({ ...options, privateKey: pems.pkcs8, ipAddress })
    const signed = await signer.sign(url, { signedAt: now, expiresAt })
    const official = getSignedUrl({
      url,
      keyPairId,
      privateKey: pems.pkcs8,
      dateLessThan: new Date(expiresAt),
      ipAddress,
    })
    expect(signed).toBe(official)
  }
})

test.for([
  ['https://cdn.example/videos/*', 'SHA-1'],
  ['https://cdn.example/videos/1.mp4', 'SHA-1'],
  ['https://cdn.example/videos/1.mp4', 'SHA-256'],
] as const)('cookies are those of the official signer: %s, %s', async ([resource, hash]) => {
  const signer = cloudFrontSigner({ ...options, privateKey: pems.pkcs8, hash })
  const cookies = await signer.cookies({ resource, expiresIn: '1h', window: '1h' })
  const custom = resource.includes('*')
  const seconds = expiresAt / 1000
  const statement = {
    Resource: resource,
    Condition: { DateLessThan: { 'AWS:EpochTime': seconds } },
  }
  const common = { keyPairId, privateKey: pems.pkcs8, algorithm: algorithmOf[hash] }
  const official = custom
    ? getSignedCookies({ ...common, policy: JSON.stringify({ Statement: [statement] }) })
    : getSignedCookies({ ...common, url: resource, dateLessThan: new Date(expiresAt) })
  const texts = Object.entries(official).map(([name, value]) => [name, String(value)])
  expect(cookies).toEqual(Object.fromEntries(texts))
})
