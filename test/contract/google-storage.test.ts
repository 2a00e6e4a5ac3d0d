import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Storage } from '@google-cloud/storage'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { percentEncodePath } from '../../src/primitives/percent.ts'
import { createGoogleSigner } from '../../src/services/storage/providers/gcs/service-account.ts'
import { signGooglePolicy, signGoogleUrl } from '../../src/services/storage/signing/google-v4.ts'
import { createGcsStandin, type GcsStandin } from '../support/gcs-standin.ts'

/**
 * Google's own client: it must be content with the stand-in that our laws run against, and sign what
 * we sign.
 */
let standin: GcsStandin
let storage: Storage
let origin: string

const server = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string' && name !== 'content-length' && name !== 'connection')
        headers.set(name, value)
    // To an endpoint that is not Google's it sends no token.
    headers.set('authorization', 'Bearer ya29.token-of-the-stand-in')
    const body = Buffer.concat(chunks)
    const { method = 'GET', url = '/' } = request
    const answer = await standin.fetch(`${origin}${url}`, {
      method,
      headers,
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(new Uint8Array(await answer.arrayBuffer()))
  })()
})

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  standin = await createGcsStandin(Date, origin)
  standin.createBucket('bucket')
  const { client_email, private_key } = standin.serviceAccount
  storage = new Storage({
    projectId: 'project',
    apiEndpoint: origin,
    credentials: { client_email, private_key },
    retryOptions: { autoRetry: false },
  })
})

afterAll(() => void server.close())

test('the official client writes, reads, lists, copies and deletes on the stand-in', async () => {
  const bucket = storage.bucket('bucket')
  const file = bucket.file('folder/grün & co.txt')
  await file.save('hello', {
    contentType: 'text/plain',
    resumable: false,
    metadata: { metadata: { a: 'b' } },
  })
  const [content] = await file.download()
  expect(content.toString()).toBe('hello')
  const [metadata] = await file.getMetadata()
  expect(metadata).toMatchObject({ contentType: 'text/plain', size: '5', metadata: { a: 'b' } })
  await file.copy(bucket.file('copy'))
  const [files] = await bucket.getFiles({ prefix: 'fold' })
  expect(files.map(({ name }) => name)).toEqual(['folder/grün & co.txt'])
  await file.delete()
  expect(await file.exists()).toEqual([false])
  expect(await bucket.file('copy').exists()).toEqual([true])
})

test('the official client uploads resumably to the stand-in, in chunks', async () => {
  const bytes = Buffer.from(Uint8Array.from({ length: 900_001 }, (_, index) => index % 251))
  const file = storage.bucket('bucket').file('large')
  await file.save(bytes, { resumable: true, chunkSize: 262_144, validation: 'crc32c' })
  const [content] = await file.download()
  expect(content.equals(bytes)).toBe(true)
  expect(standin.openUploads()).toBe(0)
})

test('the official client signs URLs as we do', async () => {
  const { client_email: email, private_key: privateKey } = standin.serviceAccount
  const sign = createGoogleSigner(privateKey)
  const signing = new Storage({
    projectId: 'p',
    credentials: { client_email: email, private_key: privateKey },
  })
  // URLs lose `.` and `..` as segments in either client: no store of ours takes such keys.
  const keys = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((key) => !key.split('/').some((segment) => segment === '.' || segment === '..'))
  await fc.assert(
    fc.asyncProperty(keys, fc.constantFrom('read', 'write', 'delete'), async (key, action) => {
      const accessibleAt = new Date(1_800_000_000_000)
      const [url] = await signing
        .bucket('bucket')
        .file(key)
        .getSignedUrl({
          version: 'v4',
          action,
          accessibleAt,
          expires: accessibleAt.getTime() + 600_000,
          ...(action === 'read' && { responseType: 'text/x y', promptSaveAs: 'ü.txt' }),
        })
      const method = { read: 'GET', write: 'PUT', delete: 'DELETE' }[action as 'read']
      const signed = await signGoogleUrl(
        {
          method,
          origin: 'https://storage.googleapis.com',
          path: `/bucket/${percentEncodePath(key)}`,
          query:
            action === 'read'
              ? {
                  'response-content-type': 'text/x y',
                  'response-content-disposition': 'attachment; filename="ü.txt"',
                }
              : {},
          email,
          signedAt: accessibleAt.getTime(),
          expiresInSeconds: 600,
        },
        sign,
      )
      // The order on the wire is free; the signature is made of the sorted one.
      expect(partsOf(signed)).toEqual(partsOf(url))
    }),
    { numRuns: 40 },
  )
})

test('the official client signs forms as we do, but for the time', async () => {
  const { client_email: email, private_key: privateKey } = standin.serviceAccount
  const expires = Date.now() + 600_000
  const [{ fields }] = await new Storage({
    projectId: 'p',
    credentials: { client_email: email, private_key: privateKey },
  })
    .bucket('bucket')
    .file('ü')
    .generateSignedPostPolicyV4({
      expires,
      conditions: [['content-length-range', 0, 1000]],
      fields: { 'content-type': 'image/png' },
    })
  const date = fields['x-goog-date'] ?? ''
  const signedAt = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  const ours = await signGooglePolicy(
    {
      bucket: 'bucket',
      key: 'ü',
      fields: { 'content-type': 'image/png' },
      conditions: [['content-length-range', 0, 1000]],
      email,
      signedAt,
      expiresAt: expires,
    },
    createGoogleSigner(privateKey),
  )
  expect(decoded(ours['policy'])).toEqual(decoded(fields['policy']))
  expect(Object.keys(ours).toSorted()).toEqual(Object.keys(fields).toSorted())
})

function partsOf(url: string): readonly string[] {
  const [path = '', query = ''] = url.split('?')
  return [path, ...query.split('&').toSorted()]
}

function decoded(policy = ''): unknown {
  const { conditions, expiration } = JSON.parse(Buffer.from(policy, 'base64').toString()) as {
    readonly conditions: readonly unknown[]
    readonly expiration: string
  }
  return { conditions: conditions.map((one) => JSON.stringify(one)).toSorted(), expiration }
}
