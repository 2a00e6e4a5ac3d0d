import { expect, test } from 'vitest'
import { createS3Standin } from '../../../../../test/support/s3-standin.ts'
import { createFakeClock } from '../../../../testing/index.ts'
import type { FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { s3 } from './s3.ts'

const PART = 5_242_880
const bytes = Uint8Array.from({ length: 2 * PART + 1000 }, (_, index) => index % 251)

type Fault = (url: string, init: RequestInit, real: FetchClient) => Promise<Response> | null

/** A bucket whose requests go wrong as told, each fault once. */
function faulty(...faults: readonly Fault[]) {
  const clock = createFakeClock()
  const standin = createS3Standin({ now: () => clock.now() })
  standin.createBucket('b')
  const left = [...faults]
  const { endpoint, accessKeyId, secretAccessKey } = standin
  const eager = {
    now: () => clock.now(),
    setTimer: (wake: () => void, ms: number) => {
      if (ms > 10_000) return () => undefined
      queueMicrotask(wake)
      return () => undefined
    },
  }
  const store = s3({
    endpoint,
    accessKeyId,
    secretAccessKey,
    clock: eager,
    async fetch(url, init) {
      for (const [index, fault] of left.entries()) {
        const answer = fault(url, init, standin.fetch)
        if (answer === null) continue
        left.splice(index, 1)
        return answer
      }
      return standin.fetch(url, init)
    },
  }).bucket('b')
  return { store, standin, left }
}

const isPart =
  (number: number) =>
  (url: string): boolean =>
    url.includes(`partNumber=${number}&`)
const isComplete = (url: string, init: RequestInit): boolean =>
  init.method === 'POST' && url.includes('uploadId=')
const unavailable: Fault = (url) =>
  isPart(2)(url) ? Promise.resolve(new Response(null, { status: 503 })) : null
const lostAnswer: Fault = (url, init, real) =>
  isComplete(url, init)
    ? real(url, init).then(() => {
        throw new Error('connection reset')
      })
    : null
const errorInSuccess: Fault = (url, init) =>
  isComplete(url, init)
    ? Promise.resolve(new Response('  <Error><Code>InternalError</Code></Error>'))
    : null
const cutOff: Fault = (_url, init, real) =>
  init.method === 'GET'
    ? real(_url, init).then(async (response) => {
        const half = (await response.arrayBuffer()).slice(0, 1000)
        return new Response(half, response)
      })
    : null

test.for([
  ['503 on a part', unavailable],
  ['a lost answer to complete', lostAnswer],
  ['200 with an error in it', errorInSuccess],
] as const)('put() writes the whole object in spite of %s', async ([, fault]) => {
  const { store, standin, left } = faulty(fault)
  await store.put('a', new Blob([bytes]))
  expect(left).toEqual([])
  expect(Buffer.from((await (await store.get('a'))?.bytes()) ?? []).equals(bytes)).toBe(true)
  expect(standin.openUploads()).toBe(0)
})

test('put() rejects and leaves no upload, when a part cannot be written', async () => {
  const { store, standin } = faulty(...Array.from({ length: 9 }, () => unavailable))
  await expect(store.put('a', new Blob([bytes]))).rejects.toMatchObject({ code: 'throttled' })
  expect([standin.openUploads(), await store.exists('a')]).toEqual([0, false])
})

test('get() goes on where a body broke off', async () => {
  const { store, left } = faulty(cutOff)
  await store.put('a', bytes.subarray(0, 100_000))
  const read = await (await store.get('a'))?.bytes()
  expect(Buffer.from(read ?? []).equals(bytes.subarray(0, 100_000))).toBe(true)
  expect(left).toEqual([])
})

const HALF = '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>'
const FAULT = '<Error><Code>InternalError</Code></Error>'

test.for([
  ['an error', FAULT],
  ['a page of a proxy', '<!doctype html><title>Sign in</title>'],
  ['nothing', ''],
  ['half of it', HALF],
])('a success that holds %s is no answer to a listing or a removal', async ([, body]) => {
  const wrong: Fault = (url) =>
    /list-type|delete=|uploads=|part-number-marker/.test(url)
      ? Promise.resolve(new Response(body))
      : null
  const { store, standin, left } = faulty(wrong)
  await store.put('a', 'x')
  expect(await Array.fromAsync(store.list(), ({ key }) => key)).toEqual(['a'])
  left.push(wrong)
  expect(await store.deleteMany(['a'])).toEqual({ deleted: ['a'], failed: [] })
  expect(await store.exists('a')).toBe(false)
  const upload = await store.uploads.create('b')
  const part = { number: 1, bytes: new Uint8Array(10), last: true }
  await store.uploads.putPart(upload, part)
  left.push(wrong)
  expect(await store.uploads.parts(upload)).toHaveLength(1)
  left.push(wrong)
  expect(await store.uploads.sweep({ before: Infinity })).toBe(1)
  expect([left, standin.openUploads()]).toEqual([[], 0])
  left.push(...Array.from({ length: 4 }, () => wrong))
  await expect(store.deleteMany(['a'])).rejects.toMatchObject({ code: 'unavailable' })
})

test('a listing of uploads that leads nowhere ends', async () => {
  const round =
    '<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>'
  const { store } = faulty((url) =>
    url.includes('uploads=') ? Promise.resolve(new Response(round)) : null,
  )
  await expect(store.uploads.sweep({ before: 0 })).rejects.toMatchObject({ code: 'failed' })
})

/** Begins to answer, and says no more. */
const standing: Fault = (url) => {
  if (!url.includes('list-type')) return null
  const begin = new TextEncoder().encode(HALF)
  const body = new ReadableStream({ start: (controller) => controller.enqueue(begin) })
  return Promise.resolve(new Response(body))
}

test('an answer that stands still is given up when the caller does', async () => {
  const { store } = faulty(standing)
  const leave = new AbortController()
  const page = store.page({ signal: leave.signal })
  await new Promise(setImmediate)
  leave.abort(new Error('left'))
  await expect(page).rejects.toThrow('left')
})

test('an answer that stands still is asked for again in time', async () => {
  const clock = createFakeClock()
  const standin = createS3Standin(clock)
  standin.createBucket('b')
  const { endpoint, accessKeyId, secretAccessKey } = standin
  let stands = true
  const store = s3({
    endpoint,
    accessKeyId,
    secretAccessKey,
    clock,
    timeout: '5s',
    fetch(url, init) {
      const answer = stands ? standing(url, init, standin.fetch) : null
      stands = false
      return answer ?? standin.fetch(url, init)
    },
  }).bucket('b')
  const page = store.page()
  await new Promise(setImmediate)
  await clock.advance(5000)
  await clock.advance(5000)
  expect((await page).blobs).toEqual([])
})
