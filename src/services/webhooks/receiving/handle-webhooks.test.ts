import { expect, test } from 'vitest'
import { z } from 'zod'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { JobQueue } from '../../background-jobs/index.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'
import { signWebhook } from '../signing/sign-webhook.ts'
import { dedupeKey } from './dedupe-key.ts'
import { findHandler } from './find-handler.ts'
import { handleWebhooks } from './handle-webhooks.ts'
import { parseEvent } from './parse-event.ts'
import { readWebhook } from './read-webhook.ts'
import type { ReceivedWebhook } from './receive-webhook.ts'
import { webhookHandler } from './webhook-handler.ts'
import { webhookJob } from './webhook-job.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const Order = z.object({ type: z.literal('order.paid'), total: z.coerce.number() })

test('readWebhook() gives the event as the schema makes it, or says where it does not fit and not what it holds', async () => {
  const options = { secrets: SECRET, schema: Order }
  const { event } = await readWebhook(await signed('{"type":"order.paid","total":"12"}'), options)
  expect(event).toEqual({ type: 'order.paid', total: 12 })
  const failure = await readWebhook(
    await signed('{"type":"order.paid","total":"s3cret"}'),
    options,
  ).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(WebhookVerificationError)
  expect(failure).toMatchObject({ code: 'invalid_event', status: 400 })
  expect(String(failure)).toContain('event.total')
  expect(String(failure)).not.toContain('s3cret')
})

test('webhookHandler() hands on what its schema makes, and answers 400 for what does not fit', async () => {
  const seen: unknown[] = []
  const receive = handleWebhooks(
    { 'order.*': webhookHandler(Order, (order, { id }) => void seen.push([order.total, id])) },
    { secrets: SECRET },
  )
  expect((await receive(await signed('{"type":"order.paid","total":"7"}', 'msg_1'))).status).toBe(
    200,
  )
  const refused = await receive(await signed('{"type":"order.sent","total":"7"}'))
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { type: 'about:blank', title: 'Bad Request', status: 400, code: 'invalid_event' },
  ])
  expect(seen).toEqual([[7, 'msg_1']])
})

test('findHandler() takes the type itself, then the longest pattern, and nothing that objects inherit', () => {
  const handlers = {
    'order.paid': () => 'type',
    'order.*': () => 'short',
    'order.item.*': () => 'long',
    'orders/create': () => 'slash',
  }
  const found = (type: string | null) => findHandler(handlers, type)?.(null, context)
  expect(found('order.paid')).toBe('type')
  expect(found('order.sent')).toBe('short')
  expect(found('order.item.added')).toBe('long')
  expect(found('orders/create')).toBe('slash')
  for (const type of ['order', 'constructor', '__proto__', 'toString', '', null])
    expect(found(type)).toBeUndefined()
  expect(findHandler({ '*': () => 'any' }, null)?.(null, context)).toBe('any')
  expect(findHandler({ 'a.*': () => 'a', '*': () => 'any' }, 'b')?.(null, context)).toBe('any')
})

test('webhookJob() takes only what handleWebhooks() puts into a queue', async () => {
  const backend = memory()
  const queue = new JobQueue({ name: 'w', backend, jobs: { webhook: webhookJob({}) } })
  const good = { event: { a: 1 }, id: null, type: null, timestamp: 1 }
  await expect(queue.add('webhook', good)).resolves.toMatchObject({ added: true })
  for (const bad of [null, 'x', {}, { ...good, id: 1 }, { ...good, timestamp: '1' }])
    await expect(queue.add('webhook', bad as typeof good)).rejects.toThrow(/handleWebhooks/)
  await expect(webhookJob({}).run({ data: 'x' }, { signal: context.signal })).rejects.toThrow(
    TypeError,
  )
})

test('handleWebhooks() refuses a receiver without a name, and lasting options out of range', () => {
  const { store } = memory()
  const base = { secrets: SECRET, store }
  for (const options of [{ receiver: '' }, { receiver: 'x'.repeat(65) }, { keep: 0 }, { lease: 0 }])
    expect(() => handleWebhooks({}, { ...base, ...options })).toThrow(RangeError)
})

test('handleWebhooks() throws what is wrong with its own secrets, instead of calling the sender a stranger', async () => {
  const receive = handleWebhooks({ '*': () => undefined }, { secrets: 'short' })
  await expect(receive(await signed('{}'))).rejects.toThrow(TypeError)
  const without = handleWebhooks({ '*': () => undefined }, {})
  await expect(without(await signed('{}'))).rejects.toThrow(/no secret/)
})

test('dedupeKey() is the signed id, or the delivery and what it delivered, and fits into a key of the store', async () => {
  const base: ReceivedWebhook = {
    event: null,
    id: 'msg_1',
    idIsSigned: true,
    type: 'a',
    timestamp: null,
    bytes: new Uint8Array([1]),
  }
  expect(await dedupeKey(base)).toBe('id:msg_1')
  expect(await dedupeKey({ ...base, replayId: 'r' })).toBe('id:r')
  const unsigned = { ...base, idIsSigned: false }
  const delivered = { ...unsigned, deliveryId: 'd' }
  const keys = await Promise.all(
    [
      { ...base, id: 'x'.repeat(101) },
      { ...base, id: 'x'.repeat(102) },
      { ...base, id: 'a b' },
      { ...base, id: '\ud800' },
      { ...base, id: '\ud801' },
      delivered,
      { ...delivered, deliveryId: 'e' },
      { ...delivered, type: 'b' },
      { ...delivered, type: null },
      { ...delivered, bytes: new Uint8Array([2]) },
      { ...delivered, id: 'msg_2' },
    ].map(dedupeKey),
  )
  expect(keys.every((key) => /^sha256:[0-9a-f]{64}$/.test(key ?? ''))).toBe(true)
  expect(keys[10]).toBe(keys[5])
  expect(new Set(keys).size).toBe(10)
  for (const nothing of [unsigned, { ...base, id: null }, { ...base, id: '' }])
    expect(await dedupeKey(nothing)).toBeNull()
  expect(await dedupeKey({ ...unsigned, replayId: '', deliveryId: '' })).toBeNull()
})

test('parseEvent() reads JSON under its own names, and forms', () => {
  const json = new TextEncoder().encode('{"a":1}')
  for (const type of [
    null,
    'application/json',
    'Application/JSON; charset=utf-8',
    'text/plain',
    'text/json;charset=utf-8',
    'application/cloudevents+json',
  ]) {
    expect(parseEvent(json, type)).toEqual({ a: 1 })
    expect(parseEvent(new TextEncoder().encode('\ufeff{"a":1}'), type)).toEqual({ a: 1 })
  }
  for (const type of ['text/html', 'text/xml', 'application/jsonp', 'multipart/form-data', ''])
    expect(() => parseEvent(json, type)).toThrow(WebhookVerificationError)
})

const context = {
  id: null,
  type: null,
  timestamp: null,
  signal: new AbortController().signal,
}

async function signed(body: string, id?: string): Promise<Request> {
  const headers = await signWebhook(body, SECRET, id === undefined ? {} : { id })
  return new Request('https://receiver.example.com/', {
    method: 'POST',
    headers: { ...headers },
    body,
  })
}
