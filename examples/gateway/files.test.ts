import { expect, test } from 'vitest'
import { tenantBlobs } from './tenants/tenant-blobs.ts'
import { openTestGateway } from './test-gateway.ts'

async function open() {
  const { app, bucket } = await openTestGateway()
  const call = async (
    method: string,
    path: string,
    body?: BodyInit,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    app.request(path, {
      method,
      headers: { authorization: 'Bearer root', ...headers },
      ...(body !== undefined && { body, duplex: 'half' }),
    })
  return { app, call, store: tenantBlobs(bucket, 'default') }
}

test('a file is uploaded, served with a range, listed and deleted', async () => {
  const { call } = await open()
  const path = `/v1/files/${encodeURIComponent('a b')}/%C3%BC%2B%2541.txt`
  const put = await call('PUT', path, 'hello world', { 'content-type': 'text/plain' })
  expect([put.status, await put.json()]).toMatchObject([201, { key: 'a b/ü+%41.txt', size: 11 }])
  const part = await call('GET', path, undefined, { range: 'bytes=6-' })
  expect([part.status, await part.text()]).toEqual([206, 'world'])
  const head = await call('HEAD', path)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '11'])
  const list = await call('GET', '/v1/files?prefix=a%20b/&limit=10')
  expect(await list.json()).toMatchObject({ blobs: [{ key: 'a b/ü+%41.txt', size: 11 }] })
  const again = await call('PUT', path, 'x', { 'if-none-match': '*' })
  expect([again.status, await again.json()]).toMatchObject([412, { code: 'precondition_failed' }])
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('GET', path)).status).toBe(404)
})

test('a file is replaced and deleted only as it was seen, and never by a part of it', async () => {
  const { call, store } = await open()
  const put = await call('PUT', '/v1/files/a', 'first')
  const { etag } = (await put.json()) as { etag: string }
  for (const [method, headers, status] of [
    ['PUT', { 'if-match': '"other"' }, 412],
    ['DELETE', { 'if-match': '"other"' }, 412],
    ['PUT', { 'if-none-match': `"${etag}"` }, 422],
    ['PUT', { 'content-range': 'bytes 5-9/10' }, 422],
    ['PUT', { 'content-type': 'image/\u00e9' }, 422],
  ] as const) {
    const body = method === 'PUT' ? 'other' : undefined
    expect((await call(method, '/v1/files/a', body, headers)).status).toBe(status)
    expect(await (await store.get('a'))?.text()).toBe('first')
  }
  const seen = { 'if-match': `"${etag}"` }
  expect((await call('PUT', '/v1/files/a', 'second', seen)).status).toBe(201)
  const packed = { 'content-encoding': 'gzip' }
  expect((await call('PUT', '/v1/files/b', 'packed', packed)).status).toBe(201)
  const head = await call('HEAD', '/v1/files/b')
  expect(head.headers.get('content-encoding')).toBe('gzip')
})

test.for(['image/\u00e9', 'image/png, text/html', 'text', ''])(
  'tus refuses the type %j',
  async (type) => {
    const { call, store } = await open()
    const base64 = Buffer.from(type).toString('base64')
    const response = await call('POST', '/v1/uploads', undefined, {
      'tus-resumable': '1.0.0',
      'upload-length': '6',
      'upload-metadata': `key ${btoa('a')},filetype ${base64}`,
    })
    expect(response.status).toBe(422)
    expect(await Array.fromAsync(store.list())).toEqual([])
  },
)

test.for([
  ['GET', '/v1/files/a%2F..%2Fb', 404],
  ['PUT', '/v1/files/a%2F..%2Fb', 400],
  ['PUT', '/v1/files/%00', 400],
  ['DELETE', '/v1/files/%ff', 400],
  ['GET', '/v1/files?limit=0', 400],
  ['GET', '/v1/files?other=1', 400],
] as const)('%s %s is refused with %d', async ([method, path, status]) => {
  const { call, store } = await open()
  const response = await call(method, path, method === 'PUT' ? 'x' : undefined)
  expect(response.status).toBe(status)
  expect(await Array.fromAsync(store.list())).toEqual([])
})

test('a ticket uploads and downloads without a key, and only what it says', async () => {
  const { app, call } = await open()
  const sign = async (body: object): Promise<Response> =>
    call('POST', '/v1/tickets', JSON.stringify(body), { 'content-type': 'application/json' })
  const answer = await sign({ key: 'a.txt', method: 'PUT', maxBytes: 5 })
  const { url, method } = (await answer.json()) as { url: string; method: string }
  expect([answer.status, method]).toEqual([201, 'PUT'])
  expect((await app.request(url, { method, body: 'sixsix' })).status).toBe(413)
  expect((await app.request(url, { method, body: 'hello' })).status).toBe(201)
  const read = (await (await sign({ key: 'a.txt' })).json()) as { url: string }
  expect(await (await app.request(read.url)).text()).toBe('hello')
  expect((await app.request(`${read.url}A`)).status).toBe(403)
  for (const wrong of [{ key: '../a' }, { key: 'a', method: 'PUT' }, { key: 'a', typo: 1 }])
    expect((await sign(wrong)).status).toBeGreaterThanOrEqual(400)
  expect((await app.request('/v1/tickets', { method: 'POST' })).status).toBe(401)
})

test('tus uploads with a key, in two requests', async () => {
  const { app, call, store } = await open()
  const tus = { 'tus-resumable': '1.0.0' }
  const metadata = `key ${btoa('a/1.txt')},filetype ${btoa('text/plain')}`
  const begun = await call('POST', '/v1/uploads', undefined, {
    ...tus,
    'upload-length': '6',
    'upload-metadata': metadata,
  })
  const path = begun.headers.get('location') ?? ''
  expect([begun.status, path]).toEqual([201, expect.stringMatching(/^\/v1\/uploads\/[\w-]{22}$/)])
  const type = { 'content-type': 'application/offset+octet-stream' }
  await call('PATCH', path, 'abc', { ...tus, ...type, 'upload-offset': '0' })
  const rest = await call('PATCH', path, 'def', { ...tus, ...type, 'upload-offset': '3' })
  expect([rest.status, rest.headers.get('upload-offset')]).toEqual([204, '6'])
  expect(await (await store.get('a/1.txt'))?.text()).toBe('abcdef')
  expect(
    (await call('POST', '/v1/uploads', undefined, { ...tus, 'upload-length': '6' })).status,
  ).toBe(422)
  expect((await app.request(path, { method: 'HEAD', headers: tus })).status).toBe(401)
})
