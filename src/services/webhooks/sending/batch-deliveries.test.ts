import { expect, test } from 'vitest'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import type { Attempt } from '../outbound/attempt.ts'
import { batchDeliveries, type BatchTools } from './batch-deliveries.ts'
import type { DirectDelivery, DirectResult } from './deliver-once.ts'

const clock = createFakeClock()

test('batchDeliveries() answers for each delivery in its place, whatever becomes of the others', async () => {
  const deliver: BatchTools['deliver'] = async ({ url, payload }) => {
    if (payload === 'bad') throw new TypeError('Cannot deliver webhook: bad')
    return result(url, payload === 'down' ? 500 : 200)
  }
  const payloads = ['a', 'down', 'bad', 'd']
  const batch = await batchDeliveries(
    payloads.map((payload) => ({ url: `https://${payload}.example.com/`, payload, secret: 's' })),
    {},
    { deliver, clock, maxBytes: 100_000 },
  )
  expect(batch.results.map(({ ok, error }) => [ok, error?.code])).toEqual([
    [true, undefined],
    [false, 'status'],
    [false, 'invalid_delivery'],
    [true, undefined],
  ])
  expect([batch.succeeded, batch.failed]).toEqual([2, 2])
})

test('batchDeliveries() makes no more requests at once than its concurrency', async () => {
  let running = 0
  let most = 0
  const deliver: BatchTools['deliver'] = async ({ url }) => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    return result(url, 200)
  }
  const deliveries = Array.from({ length: 50 }, () => ({
    url: 'https://a.example.com/',
    payload: 1,
    secret: 's',
  }))
  const { succeeded } = await batchDeliveries(
    deliveries,
    { concurrency: 7 },
    { deliver, clock, maxBytes: 100_000 },
  )
  expect([succeeded, most]).toEqual([50, 7])
})

test('batchDeliveries() puts payloads for one URL and secret into shared envelopes', async () => {
  const sent: DirectDelivery[] = []
  const deliver: BatchTools['deliver'] = async (delivery) => {
    sent.push(delivery as DirectDelivery)
    return result(delivery.url, delivery.url.includes('down') ? 500 : 200)
  }
  const to = (host: string, payload: DirectDelivery['payload'], secret = 's'): DirectDelivery => ({
    url: `https://${host}.example.com/`,
    payload,
    secret,
  })
  const many = Array.from({ length: 130 }, (_, index) => to('a', { index }))
  const { results } = await batchDeliveries(
    [
      to('down', { x: 1 }),
      to('down', { x: 2 }),
      to('b', { y: 1 }),
      to('a', { z: 1 }, 'other'),
      to('a', 'text'),
      ...many,
    ],
    { envelope: 'per-url' },
    { deliver, clock, maxBytes: 100_000 },
  )
  expect(results).toHaveLength(135)
  expect(results.slice(0, 6).map(({ ok }) => ok)).toEqual([false, false, true, true, true, true])
  expect(sent.map(({ payload }) => payload).toSpliced(3, 2)).toEqual([
    '{"type":"batch","timestamp":"2026-01-01T00:00:00.000Z","data":[{"x":1},{"x":2}]}',
    { y: 1 },
    { z: 1 },
    'text',
  ])
  expect(sent.slice(3, 5).map(({ payload }) => dataOf(payload).length)).toEqual([100, 30])
})

test('batchDeliveries() keeps envelopes within a body, and what cannot share out of them', async () => {
  const sent: DirectDelivery[] = []
  const deliver: BatchTools['deliver'] = async (delivery) => {
    // As the real one does.
    if (typeof delivery.payload === 'function') throw new TypeError('Cannot deliver webhook')
    sent.push(delivery as DirectDelivery)
    return result(delivery.url, 200)
  }
  const to = (payload: unknown, more: Partial<DirectDelivery> = {}): DirectDelivery =>
    ({ url: 'https://a.example.com/', payload, secret: 's', ...more }) as DirectDelivery
  const { results } = await batchDeliveries(
    [
      ...Array.from({ length: 10 }, (_, index) => to({ index, text: 'ü'.repeat(100) })),
      to(() => 1),
      to({ slow: 1 }, { timeout: '1m' }),
      to({ ended: 1 }, { signal: new AbortController().signal }),
      to(-0),
      to({ __proto__: null, a: -0 }),
    ],
    { envelope: 'per-url' },
    { deliver, clock, maxBytes: 1000 },
  )
  expect(results.map(({ ok }) => ok)).toEqual(Array.from({ length: 15 }, (_, at) => at !== 10))
  const shared = sent.map(({ payload }) => payload).filter((payload) => typeof payload === 'string')
  for (const payload of shared) expect(encodeUtf8(payload).length).toBeLessThanOrEqual(1000)
  expect(shared.flatMap(dataOf)).toHaveLength(12)
  expect(shared.at(-1)).toContain(',-0,{"a":-0}]')
  expect(sent.map(({ payload }) => payload)).toContainEqual({ slow: 1 })
  expect(sent.map(({ payload }) => payload)).toContainEqual({ ended: 1 })
})

function dataOf(payload: unknown): readonly unknown[] {
  return (JSON.parse(String(payload)) as { readonly data: readonly unknown[] }).data
}

test('batchDeliveries() refuses more than it can take', async () => {
  const tools = { deliver: async (): Promise<DirectResult> => result('', 200), clock, maxBytes: 1 }
  const one = { url: '', payload: 1, secret: 's' }
  await expect(batchDeliveries([one], { concurrency: 0 }, tools)).rejects.toThrow(RangeError)
  await expect(batchDeliveries([one], { concurrency: 257 }, tools)).rejects.toThrow(RangeError)
  await expect(batchDeliveries([one], { concurrency: 1.5 }, tools)).rejects.toThrow(RangeError)
  const envelope = 'per-host' as 'each'
  await expect(batchDeliveries([one], { envelope }, tools)).rejects.toThrow(RangeError)
  const many = Array.from({ length: 10_001 }, () => one)
  await expect(batchDeliveries(many, {}, tools)).rejects.toThrow(
    '10001 deliveries, at most 10000 allowed',
  )
  expect(await batchDeliveries([], {}, tools)).toEqual({ results: [], succeeded: 0, failed: 0 })
})

function result(host: string, status: number): DirectResult {
  const error = status === 200 ? null : ({ code: 'status', message: '' } as const)
  const attempt: Attempt = {
    at: 0,
    durationMs: 0,
    host,
    requestHeaders: {},
    status,
    error,
    retryAfterMs: null,
    responseBody: '',
    responseTruncated: false,
  }
  return error === null
    ? { ok: true, id: 'm', status, error, attempt }
    : { ok: false, id: 'm', status, error, attempt }
}
