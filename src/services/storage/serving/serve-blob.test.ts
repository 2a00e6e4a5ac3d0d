import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { contentDisposition } from './content-disposition.ts'
import { parseRange } from './parse-range.ts'
import { serveBlob } from './serve-blob.ts'

async function served(headers: Record<string, string> = {}, method = 'GET', type = 'text/plain') {
  const store = memoryBlobs().bucket('files')
  const { etag } = await store.put('a/b.txt', '0123456789', { contentType: type })
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('ETAG', etag)]),
  )
  const request = new Request('https://x.example/', { method, headers: given })
  const response = await serveBlob(store, 'a/b.txt', request)
  return { response, text: await response.text(), etag }
}

test.for([
  ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=-100', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
  ['bytes=10-', 416, 'Range not satisfiable', 'bytes */10'],
  ['bytes=-0', 416, 'Range not satisfiable', 'bytes */10'],
  ['bytes=-99999999999999999999', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=2-99999999999999999999', 206, '23456789', 'bytes 2-9/10'],
  ['bytes=99999999999999999999-', 416, 'Range not satisfiable', 'bytes */10'],
  ['bytes=99999999999999999999-1', 200, '0123456789', null],
  ['bytes= 2-4 , ', 206, '234', 'bytes 2-4/10'],
  ['bytes=5-2', 200, '0123456789', null],
  ['bytes=0-1,3-4', 200, '0123456789', null],
  ['items=0-1', 200, '0123456789', null],
  ['bytes=a-b', 200, '0123456789', null],
] as const)('serveBlob() answers Range %s', async ([range, status, expected, contentRange]) => {
  const { response, text } = await served({ range })
  expect([response.status, text, response.headers.get('content-range')]).toEqual([
    status,
    expected,
    contentRange,
  ])
})

test.for([
  [{ 'if-none-match': '"ETAG"' }, 304],
  [{ 'if-none-match': 'W/"ETAG", "x"' }, 304],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': '"x"' }, 200],
  [{ 'if-match': '"ETAG"' }, 200],
  [{ 'if-match': 'W/"ETAG"' }, 412],
  [{ 'if-match': '"x"' }, 412],
  [{ 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, 304],
  [{ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 200],
  [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 412],
  [{ 'if-none-match': '"x"', 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, 200],
  [{ range: 'bytes=0-1', 'if-range': '"ETAG"' }, 206],
  [{ range: 'bytes=0-1', 'if-range': '"x"' }, 200],
  [{ range: 'bytes=0-1', 'if-range': 'W/"ETAG"' }, 200],
] as const)('serveBlob() judges %j', async ([headers, status]) => {
  expect((await served(headers)).response.status).toBe(status)
})

test('serveBlob() answers HEAD without a body, other methods with 405, absent keys with 404', async () => {
  const { response, text } = await served({}, 'HEAD')
  expect([response.status, text, response.headers.get('content-length')]).toEqual([200, '', '10'])
  expect((await served({}, 'POST')).response.headers.get('allow')).toBe('GET, HEAD')
  const store = memoryBlobs().bucket('files')
  for (const key of ['no', '../x'])
    expect((await serveBlob(store, key, new Request('https://x.example/'))).status).toBe(404)
})

test('serveBlob() lets no browser run what somebody uploaded', async () => {
  for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml; charset=utf-8']) {
    const { headers } = (await served({}, 'GET', type)).response
    expect(headers.get('content-disposition')).toBe('attachment; filename="b.txt"')
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test.for([
  'image/png, text/html',
  'image/png;a=b,text/html',
  'image/png;a="b",text/html',
  String.raw`image/png;a="\\",text/html;x="`,
  'text/html image/png',
  'nothing',
])('serveBlob() sends what is no single media type as plain bytes: %s', async (type) => {
  const { headers } = (await served({}, 'GET', type)).response
  expect(headers.get('content-type')).toBe('application/octet-stream')
  expect(headers.get('content-disposition')).toBe('attachment; filename="b.txt"')
})

test.for(['video/mp4; codecs="avc1.42E01E, mp4a.40.2"', 'text/plain;charset=utf-8', 'text/plain;'])(
  'serveBlob() keeps the type %s',
  async (type) => {
    const { headers } = (await served({}, 'GET', type)).response
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('content-disposition')).toBe('inline; filename="b.txt"')
  },
)

test('serveBlob() lets no cache keep that a range is not there', async () => {
  const store = memoryBlobs().bucket('files')
  await store.put('a', '0123', { cacheControl: 'public, max-age=31536000' })
  const request = new Request('https://x.example/', { headers: { range: 'bytes=9-' } })
  const response = await serveBlob(store, 'a', request)
  expect([response.status, response.headers.get('cache-control')]).toEqual([416, 'no-store'])
})

test('serveBlob() answers with what took the place of an object after it was looked at', async () => {
  const store = memoryBlobs().bucket('files')
  await store.put('a', 'old one')
  let writes = 1
  const busy: typeof store = {
    ...store,
    async head(key, options) {
      const info = await store.head(key, options)
      if (writes-- > 0) await store.put('a', 'new')
      return info
    },
  }
  const response = await serveBlob(busy, 'a', new Request('https://x.example/'))
  expect([response.status, await response.text()]).toEqual([200, 'new'])
  writes = 1000
  await expect(serveBlob(busy, 'a', new Request('https://x.example/'))).rejects.toMatchObject({
    code: 'precondition_failed',
  })
  expect(writes).toBe(996)
})

test('contentDisposition() carries any name and no header beside it', () => {
  expect(contentDisposition('attachment', 'a "b" c.txt')).toBe(
    `attachment; filename="a _b_ c.txt"; filename*=UTF-8''a%20%22b%22%20c.txt`,
  )
  expect(contentDisposition('inline', 'Ü.pdf')).toBe(
    `inline; filename="_.pdf"; filename*=UTF-8''%C3%9C.pdf`,
  )
  expect(contentDisposition('attachment', '../../etc/passwd\r\nx: y')).toBe(
    'attachment; filename="passwdx: y"',
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const header = contentDisposition('attachment', name)
      expect(header).toMatch(
        /^attachment(; filename="[\x20-\x7e]*"(; filename\*=UTF-8''[\x21-\x7e]+)?)?$/,
      )
      expect(() => new Headers({ 'content-disposition': header })).not.toThrow()
    }),
  )
})

test('parseRange() takes any text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseRange(text)
      parseRange(`bytes=${text}`)
    }),
  )
  expect(parseRange('bytes=99999999999999999999-')).toEqual({ offset: Number.MAX_SAFE_INTEGER })
})

test('serveBlob() refuses a name or a disposition that is none, before it reads anything', async () => {
  const store = memoryBlobs().bucket('files')
  for (const wrong of [{ filename: 5 }, { disposition: 'x' }, { filenam: 'x' }])
    await expect(
      serveBlob(store, 'no', new Request('https://x.example/'), wrong as object),
    ).rejects.toThrow(TypeError)
})
