import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { StorageError } from '../storage-error.ts'
import { createUploadSessions } from '../uploads/create-upload-sessions.ts'
import { createTusHandler, type TusHandlerOptions } from './create-tus-handler.ts'

const OFFSET_TYPE = 'application/offset+octet-stream'

function stage(changes: Partial<TusHandlerOptions> = {}) {
  const clock = createFakeClock()
  const store = memoryBlobs({ clock }).bucket('b')
  const backend = memory({ clock })
  const uploads = createUploadSessions({ backend, store, clock, maxBytes: 1000 })
  const handle = createTusHandler({
    uploads,
    path: '/files',
    begin: () => ({ key: 'whole' }),
    ...changes,
  })
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: BodyInit,
  ): Promise<Response> =>
    handle(
      new Request(`http://tus.example${path}`, {
        method,
        headers: { 'tus-resumable': '1.0.0', ...headers },
        ...(body !== undefined && { body, duplex: 'half' }),
      }),
    )
  const begin = async (headers: Record<string, string> = { 'upload-length': '10' }) => {
    const response = await send('POST', '/files', headers)
    expect([response.status, await response.text()]).toEqual([201, ''])
    return response.headers.get('location') ?? ''
  }
  const patch = (path: string, offset: number | string, body: BodyInit, more = {}) =>
    send(
      'PATCH',
      path,
      { 'content-type': OFFSET_TYPE, 'upload-offset': String(offset), ...more },
      body,
    )
  return { clock, store, uploads, send, begin, patch }
}

test('OPTIONS says what is spoken, without being asked for a version', async () => {
  const { send } = stage()
  const { status, headers } = await send('OPTIONS', '/files', { 'tus-resumable': '' })
  expect(status).toBe(204)
  expect(Object.fromEntries(headers)).toMatchObject({
    'tus-resumable': '1.0.0',
    'tus-version': '1.0.0',
    'tus-max-size': '1000',
    'tus-checksum-algorithm': 'sha1,sha256,md5,crc32',
    'tus-extension': expect.stringContaining('concatenation') as string,
  })
})

test('HEAD tells offset, length, metadata and expiry, and is not cached', async () => {
  const { send, begin, patch } = stage()
  const path = await begin({ 'upload-length': '10', 'upload-metadata': 'name Wm9l,empty' })
  const response = await patch(path, 0, 'abc')
  expect([response.status, response.headers.get('upload-offset')]).toEqual([204, '3'])
  const head = await send('HEAD', path)
  expect(head.status).toBe(200)
  expect(Object.fromEntries(head.headers)).toMatchObject({
    'upload-offset': '3',
    'upload-length': '10',
    'upload-metadata': 'name Wm9l,empty',
    'upload-expires': 'Fri, 02 Jan 2026 00:00:00 GMT',
    'cache-control': 'no-store',
  })
})

test.for<[string, number, string, string, Record<string, string>, string?]>([
  ['another version', 412, 'HEAD', 'ID', { 'tus-resumable': '0.2.2' }],
  ['no version', 412, 'POST', '/files', { 'tus-resumable': '', 'upload-length': '5' }],
  [
    'another offset',
    409,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '4' },
    'x',
  ],
  ['no offset', 400, 'PATCH', 'ID', { 'content-type': OFFSET_TYPE }, 'x'],
  [
    'an offset that is none',
    400,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '-1' },
    'x',
  ],
  [
    'an offset in hex',
    400,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '0x0' },
    'x',
  ],
  ['another type', 415, 'PATCH', 'ID', { 'content-type': 'text/plain', 'upload-offset': '0' }, 'x'],
  [
    'more than the length',
    413,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '0' },
    'x'.repeat(11),
  ],
  ['too long a length', 413, 'POST', '/files', { 'upload-length': '1001' }],
  ['a length that is none', 400, 'POST', '/files', { 'upload-length': 'NaN' }],
  ['an unsafe length', 400, 'POST', '/files', { 'upload-length': '9999999999999999' }],
  ['no length', 400, 'POST', '/files', {}],
  ['both lengths', 400, 'POST', '/files', { 'upload-length': '5', 'upload-defer-length': '1' }],
  ['a deferred length of 2', 400, 'POST', '/files', { 'upload-defer-length': '2' }],
  [
    'metadata that is no base64',
    400,
    'POST',
    '/files',
    { 'upload-length': '5', 'upload-metadata': 'a !' },
  ],
  [
    'metadata of a name twice',
    400,
    'POST',
    '/files',
    { 'upload-length': '5', 'upload-metadata': 'a Zg==,a Zg==' },
  ],
  [
    'metadata that is no text',
    400,
    'POST',
    '/files',
    { 'upload-length': '5', 'upload-metadata': 'a /w==' },
  ],
  [
    'metadata too long',
    400,
    'POST',
    '/files',
    { 'upload-length': '5', 'upload-metadata': `a ${'A'.repeat(9000)}` },
  ],
  ['an unknown upload', 404, 'HEAD', '/files/AAAAAAAAAAAAAAAAAAAAAA', {}],
  ['an address that climbs', 404, 'HEAD', '/files/a/b', {}],
  ['another place', 404, 'HEAD', '/filesystem', {}],
  ['a GET', 405, 'GET', 'ID', {}],
  ['a PATCH of nothing', 405, 'PATCH', '/files', {}],
  [
    'an unknown checksum',
    400,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '0', 'upload-checksum': 'sha3 AA==' },
    'x',
  ],
  [
    'another checksum',
    460,
    'PATCH',
    'ID',
    { 'content-type': OFFSET_TYPE, 'upload-offset': '0', 'upload-checksum': 'sha1 AAAA' },
    'x',
  ],
  [
    'parts of elsewhere',
    400,
    'POST',
    '/files',
    { 'upload-concat': 'final;https://tus.example/other/AAAAAAAAAAAAAAAAAAAAAA' },
  ],
  [
    'parts that are not here',
    400,
    'POST',
    '/files',
    { 'upload-concat': 'final;/files/AAAAAAAAAAAAAAAAAAAAAA' },
  ],
  [
    'a final upload with a length',
    400,
    'POST',
    '/files',
    { 'upload-concat': 'final;/files/AAAAAAAAAAAAAAAAAAAAAA', 'upload-length': '5' },
  ],
  ['a concatenation of another kind', 400, 'POST', '/files', { 'upload-concat': 'half' }],
])(
  '%s is refused with %d, and changes nothing',
  async ([, status, method, path, headers, body]) => {
    const { send, begin } = stage()
    const id = await begin()
    const response = await send(method, path === 'ID' ? id : path, headers, body)
    expect(response.status).toBe(status)
    expect(response.headers.get('tus-resumable')).toBe('1.0.0')
    const head = await send('HEAD', id)
    expect(head.headers.get('upload-offset')).toBe('0')
  },
)

test('PATCH compares a checksum before anything of it is stored', async () => {
  const { begin, patch, store } = stage()
  const path = await begin()
  const sha1 = await crypto.subtle.digest('SHA-1', encodeUtf8('hello'))
  const digest = encodeBase64(new Uint8Array(sha1))
  expect((await patch(path, 0, 'hellx', { 'upload-checksum': `sha1 ${digest}` })).status).toBe(460)
  expect((await patch(path, 0, 'hello', { 'upload-checksum': `sha1 ${digest}` })).status).toBe(204)
  expect((await patch(path, 5, 'world')).status).toBe(204)
  expect(await (await store.get('whole'))?.text()).toBe('helloworld')
})

test('PATCH is locked while another one runs', async () => {
  const { begin, patch } = stage()
  const path = await begin()
  const slow = new TransformStream<Uint8Array, Uint8Array>()
  const first = patch(path, 0, slow.readable as ReadableStream)
  const writer = slow.writable.getWriter()
  await writer.write(new TextEncoder().encode('abc'))
  expect((await patch(path, 0, 'xyz')).status).toBe(423)
  await writer.close()
  expect((await first).headers.get('upload-offset')).toBe('3')
})

test('a length that was deferred is said once', async () => {
  const { send, begin, patch, store } = stage()
  const path = await begin({ 'upload-defer-length': '1' })
  expect((await send('HEAD', path)).headers.get('upload-defer-length')).toBe('1')
  expect((await patch(path, 0, 'abc')).status).toBe(204)
  expect((await patch(path, 3, '', { 'upload-length': '6' })).status).toBe(204)
  expect((await patch(path, 3, 'def', { 'upload-length': '7' })).status).toBe(409)
  expect((await send('HEAD', path)).headers.get('upload-length')).toBe('6')
  expect((await patch(path, 3, 'def', { 'upload-length': '6' })).status).toBe(204)
  expect(await (await store.get('whole'))?.text()).toBe('abcdef')
})

test('partial uploads make a final one, in any order and each as often as wanted', async () => {
  const { send, begin, patch, store, clock, uploads } = stage()
  const partial = async (text: string) => {
    const path = await begin({ 'upload-concat': 'partial', 'upload-length': String(text.length) })
    expect((await patch(path, 0, text)).status).toBe(204)
    return path
  }
  const [a, b] = [await partial('abc'), await partial('def')]
  const open = await begin({ 'upload-concat': 'partial', 'upload-length': '5' })
  const early = await send('POST', '/files', { 'upload-concat': `final;${a} ${open}` })
  expect(early.status).toBe(409)
  const final = await send('POST', '/files', {
    'upload-concat': `final;${b} http://tus.example${a} ${b}`,
  })
  expect(final.status).toBe(201)
  expect(await (await store.get('whole'))?.text()).toBe('defabcdef')
  const path = final.headers.get('location') ?? ''
  const head = await send('HEAD', path)
  expect([head.headers.get('upload-length'), head.headers.get('upload-concat')]).toEqual([
    '9',
    `final;${b} http://tus.example${a} ${b}`,
  ])
  expect((await patch(path, 9, 'x')).status).toBe(403)
  expect((await send('DELETE', path)).status).toBe(403)
  await clock.advance(3 * 86_400_000)
  await uploads.sweep()
  expect(await Array.fromAsync(store.list(), ({ key }) => key)).toEqual(['whole'])
})

test('an upload of nothing is complete at once, and a part of creation is taken', async () => {
  const { send, store } = stage()
  const none = await send('POST', '/files', { 'upload-length': '0' })
  expect([none.status, none.headers.get('upload-offset')]).toEqual([201, '0'])
  expect(await (await store.get('whole'))?.text()).toBe('')
  const headers = { 'upload-length': '6', 'content-type': OFFSET_TYPE }
  const some = await send('POST', '/files', headers, 'abc')
  expect([some.status, some.headers.get('upload-offset')]).toEqual([201, '3'])
})

test('begin, allow and onComplete have their say', async () => {
  const told: string[] = []
  let fails = true
  const { send, begin, patch } = stage({
    begin: (request) =>
      request.headers.get('authorization') === 'no'
        ? new Response('Not you', { status: 401 })
        : { key: 'whole' },
    allow: (request) => request.headers.get('authorization') !== 'no',
    onComplete({ key }) {
      told.push(key)
      if (fails) throw new Error('not yet')
    },
  })
  const no = { authorization: 'no' }
  expect((await send('POST', '/files', { 'upload-length': '3', ...no })).status).toBe(401)
  const path = await begin({ 'upload-length': '3' })
  for (const method of ['HEAD', 'PATCH', 'DELETE'])
    expect((await send(method, path, no)).status).toBe(403)
  await expect(patch(path, 0, 'abc')).rejects.toThrow('not yet')
  fails = false
  expect((await send('HEAD', path)).headers.get('upload-offset')).toBe('3')
  expect(told).toEqual(['whole', 'whole'])
})

test('what has expired is gone', async () => {
  const { send, begin, clock } = stage()
  const path = await begin()
  await clock.advance(86_400_001)
  expect((await send('HEAD', path)).status).toBe(404)
})

test('HEAD makes the object where a process died behind the last byte', async () => {
  const inner = memoryBlobs().bucket('b')
  let fails = true
  const complete: typeof inner.uploads.complete = async (...args) => {
    if (!fails) return inner.uploads.complete(...args)
    fails = false
    throw new StorageError('unavailable', 'The process died', { mayHaveHappened: true })
  }
  const store = { ...inner, uploads: { ...inner.uploads, complete } }
  const uploads = createUploadSessions({ backend: memory(), store, partBytes: 4 })
  const told: string[] = []
  const { send, begin, patch } = stage({
    uploads,
    onComplete: ({ key }) => void told.push(key),
  })
  const path = await begin({ 'upload-length': '6' })
  const died = await patch(path, 0, 'abcdef')
  expect([died.status, died.headers.get('retry-after')]).toEqual([503, '1'])
  expect([await inner.exists('whole'), told]).toEqual([false, []])
  expect((await send('HEAD', path)).headers.get('upload-offset')).toBe('6')
  expect(await (await inner.get('whole'))?.text()).toBe('abcdef')
  expect(told).toEqual(['whole'])
})
