import { Readable } from 'node:stream'
import { Upload, type UploadOptions } from 'tus-js-client'
import { expect, test } from 'vitest'
import { serveFetch } from '../support/serve-fetch.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { bytesOf } from '../../src/services/storage/blobs/laws/law-steps.ts'
import { memoryBlobs } from '../../src/services/storage/providers/memory/memory-blobs.ts'
import { createUploadSessions } from '../../src/services/storage/uploads/create-upload-sessions.ts'
import type { UploadSession } from '../../src/services/storage/uploads/upload-session.ts'
import { createTusHandler } from '../../src/services/storage/tus/create-tus-handler.ts'

type Cut = (request: Request, count: number) => Response | null

async function stage(cut: Cut = () => null) {
  const store = memoryBlobs().bucket('b')
  const backend = memory()
  const completed: UploadSession[] = []
  const metadata: unknown[] = []
  const requests: string[] = []
  // As two processes would: nothing is kept but what the backend and the store keep.
  const handler = () =>
    createTusHandler({
      uploads: createUploadSessions({ backend, store, partBytes: 10_000 }),
      path: '/files',
      begin: (_request, upload) => {
        metadata.push(upload)
        return { key: 'whole', contentType: upload.metadata['filetype'] ?? 'text/plain' }
      },
      onComplete: (session) => void completed.push(session),
    })
  const server = await serveFetch(async (request) => {
    requests.push(request.method)
    return cut(request, requests.length) ?? (await handler()(request))
  })
  return { store, completed, metadata, requests, url: `${server.url}/files`, stop: server.stop }
}

function uploaded(source: Buffer | Readable, options: UploadOptions): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(source, {
      retryDelays: [0, 0, 0, 0],
      ...options,
      onSuccess: () => resolve(upload),
      onError: reject,
    })
    upload.start()
  })
}

async function bytesIn(store: Awaited<ReturnType<typeof stage>>['store']): Promise<Buffer> {
  return Buffer.from((await (await store.get('whole'))?.bytes()) ?? [])
}

const bytes = Buffer.from(bytesOf(123_457))

test.for<[string, UploadOptions, (() => Readable)?]>([
  ['at once', {}],
  ['in chunks that fit nothing', { chunkSize: 7001 }],
  ['in chunks larger than parts', { chunkSize: 40_001 }],
  ['with the creation', { uploadDataDuringCreation: true, chunkSize: 9000 }],
  [
    'of unknown length',
    { uploadLengthDeferred: true, chunkSize: 8000 },
    () => Readable.from([bytes]),
  ],
  ['in three at once, concatenated', { parallelUploads: 3 }],
  ['with POST for every method', { overridePatchMethod: true, chunkSize: 50_000 }],
] as const)('the official client uploads %s', async ([, options, source]) => {
  const { store, url, completed, metadata, stop } = await stage()
  const progress: number[] = []
  try {
    await uploaded(source?.() ?? bytes, {
      endpoint: url,
      metadata: { filename: 'Zoë, 日本.txt', filetype: 'text/x-law' },
      onProgress: (sent) => void progress.push(sent),
      ...options,
    })
    expect((await bytesIn(store)).equals(bytes)).toBe(true)
    expect((await store.head('whole'))?.contentType).toBe('text/x-law')
    expect(completed.map(({ key, offset }) => [key, offset])).toEqual([['whole', bytes.length]])
    expect(metadata.at(-1)).toMatchObject({ metadata: { filename: 'Zoë, 日本.txt' } })
    expect(await Array.fromAsync(store.list(), ({ key }) => key)).toEqual(['whole'])
  } finally {
    await stop()
  }
})

test('the official client goes on after answers that were lost and servers that failed', async () => {
  const { store, url, stop } = await stage((request, count) =>
    request.method === 'PATCH' && count % 3 === 0 ? new Response('', { status: 503 }) : null,
  )
  try {
    await uploaded(bytes, { endpoint: url, chunkSize: 20_000 })
    expect((await bytesIn(store)).equals(bytes)).toBe(true)
  } finally {
    await stop()
  }
})

test('the official client resumes in another process what it paused, and terminates', async () => {
  const { store, url, requests, stop } = await stage()
  try {
    const address = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(bytes, {
        endpoint: url,
        chunkSize: 30_000,
        onChunkComplete() {
          upload.abort().then(() => resolve(upload.url ?? ''), reject)
        },
        onError: reject,
      })
      upload.start()
    })
    const before = requests.length
    await uploaded(bytes, { endpoint: url, uploadUrl: address, chunkSize: 50_000 })
    expect(requests.slice(before)).toEqual(['HEAD', 'PATCH', 'PATCH'])
    expect((await bytesIn(store)).equals(bytes)).toBe(true)
    const other = new Upload(bytes, { endpoint: url, chunkSize: 30_000 })
    await new Promise<void>((resolve, reject) => {
      other.options.onChunkComplete = () => void other.abort(true).then(resolve, reject)
      other.options.onError = reject
      other.start()
    })
    const head = await fetch(other.url ?? '', {
      method: 'HEAD',
      headers: { 'tus-resumable': '1.0.0' },
    })
    expect(head.status).toBe(404)
    expect(await Array.fromAsync(store.list(), ({ key }) => key)).toEqual(['whole'])
  } finally {
    await stop()
  }
})
