import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { WebhookVerificationCode } from '../../../../src/services/webhooks/webhook-verification-error.ts'
import { readWebhook } from '../../../../src/services/webhooks/receiving/read-webhook.ts'
import type { ReceiveWebhookOptions } from '../../../../src/services/webhooks/receiving/webhook-reception.ts'
import { suite, type Suite } from '../../suite.ts'
import { signedRequest, SIGNING_SECRET, withStream } from '../../../support/signed-request.ts'
import { expectRefusal, RECEIVER_URL } from '../../../support/received-webhook.ts'

/** The clock that requests are read by; `advance` moves it. */
export interface WebhookReadingHarness {
  readonly clock: Clock
  advance(ms: number): Promise<void>
}

/** What reading a request promises on every runtime. */
export function webhookReadingSuites(harness: WebhookReadingHarness): readonly Suite[] {
  return [suite('readWebhook', 'pure', readingLaws, harness)]
}

const readingLaws: readonly Law<WebhookReadingHarness>[] = [
  {
    name: 'readWebhook() gives the event, its id, type and time, and the bytes that were signed',
    async run({ clock }) {
      const body = '{"type":"order.paid","data":{"total":1.0,"note":"ü€😀"}}'
      const request = await signedRequest(clock, body, { id: 'msg_1' })
      const { event, id, type, timestamp, bytes } = await readWebhook(request, {
        secrets: SIGNING_SECRET,
        clock,
      })
      expectEqual(event, { type: 'order.paid', data: { total: 1, note: 'ü€😀' } })
      expectEqual([id, type], ['msg_1', 'order.paid'])
      expectEqual(timestamp, Math.floor(clock.now() / 1000))
      expectEqual([...bytes], [...encodeUtf8(body)])
    },
  },
  {
    name: 'readWebhook() reads a body in chunks of one byte, and a form as an object with lists of repeated fields',
    async run({ clock }) {
      const body = 'a=1&b=%C3%BC+x&a=2&__proto__=p&c='
      const form = 'application/x-www-form-urlencoded; charset=UTF-8'
      const whole = await signedRequest(clock, body, { contentType: form })
      const request = withStream(
        whole,
        body.split('').map((character) => encodeUtf8(character)),
      )
      const { event } = await readWebhook(request, { secrets: [SIGNING_SECRET], clock })
      const fields = Object.entries(Object(event))
      expectEqual(fields, [
        ['a', ['1', '2']],
        ['b', 'ü x'],
        ['__proto__', 'p'],
        ['c', ''],
      ])
    },
  },
  {
    name: 'readWebhook() refuses a body that is changed, of another secret, unsigned, late or early',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock }
      const now = Math.floor(clock.now() / 1000)
      const other = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
      await refuses(
        withBody(await signedRequest(clock, '{}'), '{ }'),
        options,
        'signature_mismatch',
      )
      await refuses(
        await signedRequest(clock, '{}'),
        { ...options, secrets: other },
        'signature_mismatch',
      )
      await refuses(new Request(RECEIVER_URL, { method: 'POST' }), options, 'missing_signature')
      const old = await signedRequest(clock, '{}', { timestamp: now - 301 })
      await refuses(old.clone(), options, 'timestamp_too_old')
      await readWebhook(old.clone(), { ...options, tolerance: '400s' })
      await readWebhook(old, { ...options, tolerance: 'accept-any-age' })
      const early = await signedRequest(clock, '{}', { timestamp: now + 302 })
      await refuses(early.clone(), { ...options, tolerance: 'accept-any-age' }, 'timestamp_too_new')
      await refuses(early, { ...options, tolerance: 10_000_000 }, 'timestamp_too_new')
    },
  },
  {
    name: 'readWebhook() says in a TypeError that the body was read before, and takes no made-up body',
    async run({ clock }) {
      const request = await signedRequest(clock, '{}')
      await request.text()
      await expectRejection(
        () => readWebhook(request, { secrets: SIGNING_SECRET, clock }),
        (error) => error instanceof TypeError && error.message.includes('bodyUsed'),
        'a TypeError that names bodyUsed',
      )
    },
  },
  {
    name: 'readWebhook() stops at maxBytes, whether the length is announced or not, and never reads on',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock, maxBytes: 100 }
      const fits = 'x'.repeat(100)
      await refuses(await signedRequest(clock, fits), options, 'malformed_event')
      await refuses(await signedRequest(clock, `${fits}x`), options, 'body_too_large')
      let pulled = 0
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(64))
        },
      })
      await refuses(
        withStream(await signedRequest(clock, '{}'), endless),
        options,
        'body_too_large',
      )
      expectTrue(pulled < 10, `few chunks to be pulled, not ${pulled}`)
      const empty = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(0)),
      })
      await refuses(withStream(await signedRequest(clock, '{}'), empty), options, 'body_too_large')
    },
  },
  {
    name: 'readWebhook() gives a body up that does not arrive in time, and one that breaks off',
    async run({ clock, advance }) {
      const options = { secrets: SIGNING_SECRET, clock, bodyTimeout: '5s' as const }
      let cancelled = false
      const stuck = new ReadableStream<Uint8Array>({
        pull: () => new Promise(() => undefined),
        cancel() {
          cancelled = true
        },
      })
      const refused = refuses(
        withStream(await signedRequest(clock, '{}'), stuck),
        options,
        'body_timeout',
      )
      await advance(6000)
      await refused
      expectTrue(cancelled, 'the body to be cancelled')
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new Error('reset'))
        },
      })
      await refuses(withStream(await signedRequest(clock, '{}'), broken), options, 'body_aborted')
    },
  },
  {
    name: 'readWebhook() reads a body whole whose length is announced, holds it to its limits and gives it up in time',
    async run({ clock, advance }) {
      const options = { secrets: SIGNING_SECRET, clock, maxBytes: 100, bodyTimeout: '5s' as const }
      const announced = (request: Request, length: number): Request => {
        const headers = new Headers(request.headers)
        headers.set('content-length', String(length))
        return new Request(request, { headers })
      }
      const fine = await readWebhook(announced(await signedRequest(clock, '{}'), 2), options)
      expectEqual([fine.event, [...fine.bytes]], [{}, [...encodeUtf8('{}')]])
      const long = await signedRequest(clock, 'x'.repeat(101))
      await refuses(announced(long, 50), options, 'body_too_large')
      const stuck = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
      const late = withStream(await signedRequest(clock, '{}'), stuck)
      const refused = refuses(announced(late, 2), options, 'body_timeout')
      await advance(6000)
      await refused
      const broken = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error('reset')),
      })
      const reset = withStream(await signedRequest(clock, '{}'), broken)
      await refuses(announced(reset, 2), options, 'body_aborted')
    },
  },
  {
    name: 'readWebhook() parses nothing before the signature holds, and says what it cannot parse',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock }
      await refuses(withBody(await signedRequest(clock, '{}'), '{'), options, 'signature_mismatch')
      await refuses(await signedRequest(clock, '{'), options, 'malformed_event')
      await refuses(
        await signedRequest(clock, new Uint8Array([0x22, 0xff, 0x22])),
        options,
        'malformed_event',
      )
      const xml = await signedRequest(clock, '<a/>', { contentType: 'application/xml' })
      await refuses(xml, options, 'unsupported_media_type')
      const empty = await readWebhook(await signedRequest(clock, ''), options)
      expectEqual([empty.event, empty.bytes.length], [null, 0])
    },
  },
  {
    name: 'readWebhook() takes JSON under each of its names, and with a byte order mark in front',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock }
      for (const contentType of [
        'application/json',
        'text/json',
        'Text/JSON; charset=utf-8',
        'application/cloudevents+json',
        'text/plain',
      ])
        for (const body of ['{"a":"ü"}', '\ufeff{"a":"ü"}']) {
          const request = await signedRequest(clock, body, { contentType })
          const { event, bytes } = await readWebhook(request, options)
          expectEqual(event, { a: 'ü' }, contentType)
          expectEqual([...bytes], [...encodeUtf8(body)])
        }
      await refuses(await signedRequest(clock, '\ufeff\ufeff{}'), options, 'malformed_event')
    },
  },
  {
    name: 'readWebhook() reads no JSON as a form, whatever type somebody says it has who repeats it',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock }
      const contentType = 'application/x-www-form-urlencoded'
      for (const body of ['{"note":"&type=order.paid&"}', ' \n[{"a":"&b=c"}]', '\ufeff{"a":1}'])
        await refuses(await signedRequest(clock, body, { contentType }), options, 'malformed_event')
      const request = await signedRequest(clock, '%7Ba%5B=1&b={', { contentType })
      expectEqual((await readWebhook(request, options)).event, { '{a[': '1', b: '{' })
    },
  },
  {
    name: 'readWebhook() hands a verified body of any type to parse, and refuses what parse cannot read',
    async run({ clock }) {
      const options = { secrets: SIGNING_SECRET, clock }
      const xml = '<order id="1">ü</order>'
      const request = () => signedRequest(clock, xml, { contentType: 'application/xml' })
      const seen: unknown[] = []
      const parse = (bytes: Uint8Array, contentType: string | null) => {
        seen.push(contentType)
        return new TextDecoder().decode(bytes)
      }
      const { event, id, bytes } = await readWebhook(await request(), { ...options, parse })
      expectEqual([event, seen], [xml, ['application/xml']])
      expectTrue(id !== null && bytes.length === encodeUtf8(xml).length, 'the rest to be there')
      const changed = withBody(await request(), xml.replace('1', '2'))
      await refuses(changed, { ...options, parse }, 'signature_mismatch')
      expectEqual(seen.length, 1, 'bodies parsed')
      await refuses(
        await request(),
        { ...options, parse: () => Promise.reject(new Error('no XML')) },
        'malformed_event',
      )
      await refuses(await request(), options, 'unsupported_media_type')
    },
  },
]

function withBody({ headers }: Request, body: string): Request {
  return new Request(RECEIVER_URL, { method: 'POST', headers, body })
}

function refuses(
  given: Request,
  options: ReceiveWebhookOptions,
  code: WebhookVerificationCode,
): Promise<void> {
  return expectRefusal(() => readWebhook(given, options), code)
}
