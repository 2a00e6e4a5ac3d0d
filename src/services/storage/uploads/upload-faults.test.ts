import { expect, test } from 'vitest'
import { createGcsStandin } from '../../../../test/support/gcs-standin.ts'
import { createS3Standin } from '../../../../test/support/s3-standin.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { bytesOf } from '../blobs/laws/law-steps.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { gcs } from '../providers/gcs/gcs.ts'
import { s3 } from '../providers/s3/s3.ts'
import { createUploadSessions } from './create-upload-sessions.ts'

type Fault = (url: string, init: RequestInit, real: FetchClient) => Promise<Response> | null

/** A clock whose short waits are over at once. */
const eager: Clock = {
  now: () => Date.now(),
  setTimer(wake, ms) {
    if (ms < 9000) queueMicrotask(wake)
    return () => undefined
  },
}

function faulty(real: FetchClient, fault: Fault, times: number) {
  let left = times
  const fetch: FetchClient = async (url, init) => {
    const answer = left > 0 ? fault(url, init, real) : null
    if (answer === null) return real(url, init)
    left--
    return answer
  }
  return { fetch, left: () => left }
}

async function onS3(fault: Fault, times = 1) {
  const standin = createS3Standin(eager)
  standin.createBucket('b')
  const { endpoint, accessKeyId, secretAccessKey } = standin
  const { fetch, left } = faulty(standin.fetch, fault, times)
  const store = s3({ endpoint, accessKeyId, secretAccessKey, clock: eager, fetch }).bucket('b')
  return { store, left, standin, partBytes: 5 * 2 ** 20 }
}

async function onGcs(fault: Fault, times = 1) {
  const standin = await createGcsStandin(eager)
  standin.createBucket('b')
  const { fetch, left } = faulty(standin.fetch, fault, times)
  const store = gcs({ serviceAccount: standin.serviceAccount, clock: eager, fetch }).bucket('b')
  return { store, left, standin, partBytes: 2 ** 18 }
}

/** Appends in two strides, and again whatever a client would send again. */
async function upload(store: BlobStore, partBytes: number, bytes: Uint8Array<ArrayBuffer>) {
  const uploads = createUploadSessions({ backend: memory(), store, partBytes, clock: eager })
  const { id } = await uploads.create({ key: 'a', size: bytes.length })
  for (let turn = 0; turn < 12; turn++) {
    const session = await uploads.get(id)
    if (session === null || session.state === 'completed') break
    const { offset } = session
    const body = bytes.slice(offset, offset + 1.4 * partBytes)
    await uploads.append(id, { offset, body }).catch(() => undefined)
  }
  return { uploads, id }
}

const answer = (status: number, body: string | null = null): Promise<Response> =>
  Promise.resolve(new Response(body, { status }))
const part =
  (number: number): Fault =>
  (url) =>
    url.includes(`partNumber=${number}&`) ? answer(503) : null
const completes = (url: string, init: RequestInit): boolean =>
  init.method === 'POST' && url.includes('uploadId=')
const lostAnswer: Fault = (url, init, real) =>
  completes(url, init)
    ? real(url, init).then(() => {
        throw new Error('connection reset')
      })
    : null
const errorInSuccess: Fault = (url, init) =>
  completes(url, init) ? answer(200, ' <Error><Code>InternalError</Code></Error>') : null
const chunk: Fault = (url) => (url.includes('upload_id=') ? answer(503) : null)
const lostChunk: Fault = (url, init, real) =>
  url.includes('upload_id=') && init.method === 'PUT'
    ? real(url, init).then(() => {
        throw new Error('connection reset')
      })
    : null
const noRange: Fault = (url, init) =>
  url.includes('upload_id=') && init.method === 'PUT' ? answer(308) : null

test.for([
  ['S3, 503 on part 1', onS3, part(1), 1],
  ['S3, 503 on part 2, for long', onS3, part(2), 6],
  ['S3, 503 on the last part', onS3, part(3), 2],
  ['S3, a lost answer to complete', onS3, lostAnswer, 1],
  ['S3, lost answers to complete, for long', onS3, lostAnswer, 4],
  ['S3, 200 with an error in it', onS3, errorInSuccess, 1],
  ['S3, 200 with an error in it, for long', onS3, errorInSuccess, 6],
  ['Google, 503 on a chunk', onGcs, chunk, 2],
  ['Google, 503 on chunks, for long', onGcs, chunk, 9],
  ['Google, lost answers to chunks', onGcs, lostChunk, 3],
  ['Google, lost answers to chunks, for long', onGcs, lostChunk, 11],
  ['Google, 308 without a range', onGcs, noRange, 1],
] as const)('an upload comes to its end in spite of %s', async ([, open, fault, times]) => {
  const { store, left, standin, partBytes } = await open(fault, times)
  const bytes = bytesOf(2 * partBytes + 1000)
  const { uploads, id } = await upload(store, partBytes, bytes)
  expect((await uploads.get(id))?.state).toBe('completed')
  const read = await (await store.get('a'))?.bytes()
  expect(Buffer.from(read ?? []).equals(bytes)).toBe(true)
  expect([left(), standin.openUploads()]).toEqual([0, 0])
  const keys = await Array.fromAsync(store.list(), ({ key }) => key)
  expect(keys).toEqual(['a'])
})

test('an upload comes to its end though Google stores only some of what is sent', async () => {
  const { store, standin, partBytes } = await onGcs(() => null)
  standin.persist = (sent) => (sent > 2 ** 18 ? sent - 2 ** 18 : sent)
  const bytes = bytesOf(6 * partBytes + 1000)
  const { uploads, id } = await upload(store, 3 * partBytes, bytes)
  standin.persist = (sent) => sent
  expect((await uploads.get(id))?.offset).toBe(bytes.length)
  const read = await (await store.get('a'))?.bytes()
  expect(Buffer.from(read ?? []).equals(bytes)).toBe(true)
})

test.for([
  ['S3', onS3, part(2)],
  ['Google', onGcs, noRange],
] as const)(
  'an upload to %s that cannot go on fails typed, and abort() leaves nothing',
  async ([, open, fault]) => {
    const { store, standin, partBytes } = await open(fault, Infinity)
    const bytes = bytesOf(2 * partBytes + 1000)
    const { uploads, id } = await upload(store, partBytes, bytes)
    const session = await uploads.get(id)
    expect(session?.state).toBe('open')
    const offset = session?.offset ?? 0
    await expect(uploads.append(id, { offset, body: bytes.slice(offset) })).rejects.toMatchObject({
      name: 'StorageError',
    })
    await uploads.abort(id)
    expect(standin.openUploads()).toBe(0)
    expect(await Array.fromAsync(store.list())).toEqual([])
  },
)
