import { expect, test } from 'vitest'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { createGcsStandin } from '../../../../test/support/gcs-standin.ts'
import { createS3Standin } from '../../../../test/support/s3-standin.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { bytesOf } from '../blobs/laws/law-steps.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { uploadDirect } from '../browser/index.ts'
import { gcs } from '../providers/gcs/gcs.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { s3 } from '../providers/s3/s3.ts'
import { createDirectUploads } from './direct-uploads.ts'

const URL_HERE = 'https://api.example/uploads'
const SECRET = 'a secret of some length'
const PART = 5 * 2 ** 20

interface Stage {
  readonly store: BlobStore
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly openUploads?: () => number
}

const clock = createFakeClock()

const stages = {
  async s3(): Promise<Stage> {
    const standin = createS3Standin(clock)
    standin.createBucket('b')
    const { endpoint, accessKeyId, secretAccessKey, fetch, openUploads } = standin
    const store = s3({ endpoint, accessKeyId, secretAccessKey, fetch, clock }).bucket('b')
    return { store, fetch, openUploads }
  },
  async gcs(): Promise<Stage> {
    const { fetch, serviceAccount, createBucket, openUploads } = await createGcsStandin(clock)
    createBucket('b')
    return { store: gcs({ serviceAccount, fetch, clock }).bucket('b'), fetch, openUploads }
  },
  async memory(): Promise<Stage> {
    return {
      store: memoryBlobs({ clock }).bucket('b'),
      fetch: () => Promise.reject(new Error('There is no such server')),
    }
  },
  /** As an R2 binding: parts come through us, and the store does not tell which it has. */
  async untold(): Promise<Stage> {
    const inner = memoryBlobs({ clock }).bucket('b')
    const parts = (): Promise<never> => Promise.reject(new Error('unsupported'))
    const store: BlobStore = {
      ...inner,
      capabilities: { ...inner.capabilities, listParts: false },
      uploads: { ...inner.uploads, parts },
    }
    return { store, fetch: () => Promise.reject(new Error('There is no such server')) }
  },
}

function served({ store, fetch }: Stage, told: string[] = []) {
  const direct = createDirectUploads({
    store,
    url: URL_HERE,
    secret: SECRET,
    clock,
    onComplete: ({ key }) => void told.push(key),
  })
  const sent: string[] = []
  const send: FetchClient = async (url, init) => {
    sent.push(`${init.method} ${url.startsWith(URL_HERE) ? 'here' : 'store'}`)
    if (url.startsWith(URL_HERE)) return direct.handle(new Request(url, init))
    const body = new Uint8Array(await (init.body as Blob).arrayBuffer())
    return fetch(url, { ...init, body })
  }
  const ask = async (message: object): Promise<Response> =>
    direct.handle(new Request(URL_HERE, { method: 'POST', body: JSON.stringify(message) }))
  return { direct, send, sent, ask }
}

async function read(store: BlobStore, key: string): Promise<Buffer> {
  return Buffer.from((await (await store.get(key))?.bytes()) ?? [])
}

test.for(['s3', 'gcs', 'memory', 'untold'] as const)(
  'a browser uploads in parts to %s, and is told how far it is',
  async (name) => {
    const stage = await stages[name]()
    const told: string[] = []
    const { direct, send, sent } = served(stage, told)
    for (const size of [0, 10, PART, 2 * PART + 99]) {
      const key = `a/${size}`
      const bytes = bytesOf(size)
      const upload = await direct.begin({ key, size, contentType: 'text/x-law' })
      const progress: number[] = []
      const options = { fetch: send, onProgress: (loaded: number) => void progress.push(loaded) }
      // As it would come to a browser.
      const given = structuredClone(upload)
      const done = await uploadDirect(given, new Blob([bytes]), options)
      expect([done.key, done.size, progress.at(-1), told.at(-1)]).toEqual([key, size, size, key])
      expect((await read(stage.store, key)).equals(bytes)).toBe(true)
      expect((await stage.store.head(key))?.contentType).toBe('text/x-law')
    }
    expect(sent.includes('PUT store')).toBe(name === 's3')
    expect(stage.openUploads?.() ?? 0).toBe(0)
  },
)

test.for(['s3', 'memory', 'untold'] as const)(
  'an upload to %s goes on in another page',
  async (name) => {
    const stage = await stages[name]()
    const { direct, send, sent } = served(stage)
    const bytes = bytesOf(3 * PART + 5)
    const upload = { ...(await direct.begin({ key: 'a', size: bytes.length })), parallel: 1 }
    const receipts: Record<string, string> = {}
    const leaving = new AbortController()
    const first = uploadDirect(upload, new Blob([bytes]), {
      fetch: send,
      receipts,
      signal: leaving.signal,
      onProgress: (loaded) => loaded >= 2 * PART && leaving.abort(new Error('left')),
    })
    await expect(first).rejects.toThrow('left')
    sent.length = 0
    const kept = structuredClone(receipts)
    await uploadDirect(upload, new Blob([bytes]), { fetch: send, receipts: kept })
    expect(sent.filter((line) => line.startsWith('PUT'))).toHaveLength(2)
    expect((await read(stage.store, 'a')).equals(bytes)).toBe(true)
  },
)

test('the client tries again what failed for a while, and not what is refused', async () => {
  const stage = await stages.memory()
  const { direct, send } = served(stage)
  const upload = await direct.begin({ key: 'a', size: 10 })
  let fails = 3
  const shaky: FetchClient = async (url, init) =>
    fails-- > 0 ? new Response('', { status: 503 }) : send(url, init)
  const waits: number[] = []
  const eager = {
    setTimer(wake: () => void, ms: number) {
      waits.push(ms)
      wake()
      return () => undefined
    },
  }
  await uploadDirect(upload, new Blob([bytesOf(10)]), { fetch: shaky, clock: eager })
  expect(waits).toEqual([500, 1000, 2000])
  const other = { ...upload, token: `${upload.token}x` }
  await expect(
    uploadDirect(other, new Blob([bytesOf(10)]), { fetch: send, clock: eager }),
  ).rejects.toThrow('403')
  expect(waits).toHaveLength(3)
  await expect(uploadDirect(upload, new Blob([bytesOf(9)]), { fetch: send })).rejects.toThrow(
    RangeError,
  )
})

test('tokens are bound to part, size, bucket, upload and time', async () => {
  const stage = await stages.s3()
  const { direct, ask } = served(stage)
  const { token } = await direct.begin({ key: 'a', size: 2 * PART })
  const place = (await (await ask({ token, action: 'part', number: 1 })).json()) as {
    url: string
  }
  const put = async (url: string, length: number): Promise<number> =>
    (await stage.fetch(url, { method: 'PUT', body: new Uint8Array(length) })).status
  expect(await put(place.url, PART - 1)).toBe(403)
  expect(await put(place.url.replace('partNumber=1', 'partNumber=2'), PART)).toBe(403)
  expect(await put(place.url.replace('/a?', '/b?'), PART)).toBe(403)
  expect(await put(place.url, PART)).toBe(200)
  for (const number of [0, 3, 1.5, 'x', null, 1e9])
    expect((await ask({ token, action: 'part', number })).status).toBe(409)
  expect((await ask({ token, action: 'complete' })).status).toBe(409)
  expect((await ask({ token, action: 'destroy' })).status).toBe(400)
  const forged = token.replace(/^./, (first) => (first === 'e' ? 'f' : 'e'))
  for (const bad of [forged, '', 'a.b', `${token}.x`, 5, null, 'x'.repeat(20_000)])
    expect((await ask({ token: bad, action: 'list' })).status).toBe(403)
  expect((await ask([])).status).toBe(403)
  const direct2 = createDirectUploads({
    store: stage.store,
    url: URL_HERE,
    secret: ['another secret, and long', SECRET],
    clock,
  })
  const rotated = new Request(URL_HERE, {
    method: 'POST',
    body: JSON.stringify({ token, action: 'list' }),
  })
  expect((await direct2.handle(rotated)).status).toBe(200)
  await clock.advance(86_400_001)
  expect((await ask({ token, action: 'list' })).status).toBe(403)
})

test.for(['s3', 'memory'] as const)(
  'an upload to %s that was ended is not complete because an older object has its size',
  async (name) => {
    const stage = await stages[name]()
    const told: string[] = []
    const { direct, ask } = served(stage, told)
    await stage.store.put('a', 'old')
    await clock.advance(1000)
    const { token } = await direct.begin({ key: 'a', size: 3 })
    expect((await ask({ token, action: 'abort' })).status).toBe(204)
    const answer = await ask({ token, action: 'complete' })
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'upload_not_found' }])
    expect(told).toEqual([])
    // What was written since has been made by it, or by who writes last.
    await stage.store.put('a', 'new')
    expect((await ask({ token, action: 'complete' })).status).toBe(200)
  },
)

test('a part of another size, or of another upload, is refused', async () => {
  const stage = await stages.untold()
  const { direct, ask } = served(stage)
  const [a, b] = [
    await direct.begin({ key: 'a', size: 5 }),
    await direct.begin({ key: 'b', size: 5 }),
  ]
  const put = (token: string, part: string, body: string): Promise<Response> =>
    direct.handle(
      new Request(URL_HERE, {
        method: 'PUT',
        body,
        headers: { 'x-upload-token': token, 'x-upload-part': part },
      }),
    )
  expect((await put(a.token, '1', 'four')).status).toBe(400)
  expect((await put(a.token, '1', 'sixsix')).status).toBe(400)
  expect((await put(a.token, '2', '')).status).toBe(409)
  const { receipt } = (await (await put(b.token, '1', 'fivef')).json()) as { receipt: string }
  expect((await ask({ token: a.token, action: 'complete', receipts: [receipt] })).status).toBe(403)
  expect((await ask({ token: b.token, action: 'complete', receipts: [receipt] })).status).toBe(200)
  expect((await ask({ token: b.token, action: 'complete', receipts: [receipt] })).status).toBe(200)
  expect((await ask({ token: a.token, action: 'abort' })).status).toBe(204)
})
