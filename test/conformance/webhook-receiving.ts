import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { Clock } from '../../src/runtime/ports/clock.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../src/runtime/ports/conformance.ts'
import { JobQueue } from '../../src/services/background-jobs/index.ts'
import { WebhookVerificationError } from '../../src/services/webhooks/errors.ts'
import {
  handleWebhooks,
  type HandleWebhooksOptions,
} from '../../src/services/webhooks/receiving/handle-webhooks.ts'
import { readWebhook } from '../../src/services/webhooks/receiving/read-webhook.ts'
import type { ReceiveWebhookOptions } from '../../src/services/webhooks/receiving/receive-webhook.ts'
import type { WebhookHandlers } from '../../src/services/webhooks/receiving/webhook-handlers.ts'
import { webhookJob } from '../../src/services/webhooks/receiving/webhook-job.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import { createSeededRandom } from '../../src/testing/index.ts'
import { suite, type Suite } from './suite.ts'

/** A backend that a receiver remembers in, with the clock of the process beside it; `advance` moves both. */
export interface WebhookReceivingHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
}

/** What receiving webhooks promises on every backend. */
export function webhookReceivingSuites(
  adapter: string,
  harness: WebhookReceivingHarness,
): readonly Suite[] {
  return [suite('handleWebhooks', adapter, handlingLaws, harness)]
}

/** What reading a request promises on every runtime. */
export function webhookReadingSuites(
  harness: Pick<WebhookReceivingHarness, 'clock' | 'advance'>,
): readonly Suite[] {
  return [suite('readWebhook', 'pure', readingLaws, harness)]
}

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const GITHUB_SECRET = "It's a Secret to Everybody"
const ADDRESS = 'https://receiver.example.com/hooks'

const readingLaws: readonly Law<Pick<WebhookReceivingHarness, 'clock' | 'advance'>>[] = [
  {
    name: 'readWebhook() gives the event, its id, type and time, and the bytes that were signed',
    async run({ clock }) {
      const body = '{"type":"order.paid","data":{"total":1.0,"note":"ü€😀"}}'
      const request = await signed(clock, body, { id: 'msg_1' })
      const { event, id, type, timestamp, bytes } = await readWebhook(request, {
        secrets: SECRET,
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
      const whole = await signed(clock, body, { contentType: form })
      const request = streamed(
        whole,
        body.split('').map((character) => encodeUtf8(character)),
      )
      const { event } = await readWebhook(request, { secrets: [SECRET], clock })
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
      const options = { secrets: SECRET, clock }
      const now = Math.floor(clock.now() / 1000)
      const other = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
      await refuses(request(await signed(clock, '{}'), '{ }'), options, 'signature_mismatch')
      await refuses(await signed(clock, '{}'), { ...options, secrets: other }, 'signature_mismatch')
      await refuses(new Request(ADDRESS, { method: 'POST' }), options, 'missing_signature')
      const old = await signed(clock, '{}', { timestamp: now - 301 })
      await refuses(old.clone(), options, 'timestamp_too_old')
      await readWebhook(old.clone(), { ...options, toleranceMs: 400_000 })
      await readWebhook(old, { ...options, toleranceMs: 'accept-any-age' })
      const early = await signed(clock, '{}', { timestamp: now + 302 })
      await refuses(
        early.clone(),
        { ...options, toleranceMs: 'accept-any-age' },
        'timestamp_too_new',
      )
      await refuses(early, { ...options, toleranceMs: 10_000_000 }, 'timestamp_too_new')
    },
  },
  {
    name: 'readWebhook() says in a TypeError that the body was read before, and takes no made-up body',
    async run({ clock }) {
      const request = await signed(clock, '{}')
      await request.text()
      await expectRejection(
        () => readWebhook(request, { secrets: SECRET, clock }),
        (error) => error instanceof TypeError && error.message.includes('bodyUsed'),
        'a TypeError that names bodyUsed',
      )
    },
  },
  {
    name: 'readWebhook() stops at maxBytes, whether the length is announced or not, and never reads on',
    async run({ clock }) {
      const options = { secrets: SECRET, clock, maxBytes: 100 }
      const fits = 'x'.repeat(100)
      await refuses(await signed(clock, fits), options, 'malformed_event')
      await refuses(await signed(clock, `${fits}x`), options, 'body_too_large')
      let pulled = 0
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(64))
        },
      })
      await refuses(streamed(await signed(clock, '{}'), endless), options, 'body_too_large')
      expectTrue(pulled < 10, `few chunks to be pulled, not ${pulled}`)
      const empty = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(0)),
      })
      await refuses(streamed(await signed(clock, '{}'), empty), options, 'body_too_large')
    },
  },
  {
    name: 'readWebhook() gives a body up that does not arrive in time, and one that breaks off',
    async run({ clock, advance }) {
      const options = { secrets: SECRET, clock, bodyTimeoutMs: 5000 }
      let cancelled = false
      const stuck = new ReadableStream<Uint8Array>({
        pull: () => new Promise(() => undefined),
        cancel() {
          cancelled = true
        },
      })
      const refused = refuses(streamed(await signed(clock, '{}'), stuck), options, 'body_timeout')
      await advance(6000)
      await refused
      expectTrue(cancelled, 'the body to be cancelled')
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new Error('reset'))
        },
      })
      await refuses(streamed(await signed(clock, '{}'), broken), options, 'body_aborted')
    },
  },
  {
    name: 'readWebhook() parses nothing before the signature holds, and says what it cannot parse',
    async run({ clock }) {
      const options = { secrets: SECRET, clock }
      await refuses(request(await signed(clock, '{}'), '{'), options, 'signature_mismatch')
      await refuses(await signed(clock, '{'), options, 'malformed_event')
      await refuses(
        await signed(clock, new Uint8Array([0x22, 0xff, 0x22])),
        options,
        'malformed_event',
      )
      const xml = await signed(clock, '<a/>', { contentType: 'application/xml' })
      await refuses(xml, options, 'unsupported_media_type')
      const empty = await readWebhook(await signed(clock, ''), options)
      expectEqual([empty.event, empty.bytes.length], [null, 0])
    },
  },
]

const handlingLaws: readonly Law<WebhookReceivingHarness>[] = [
  {
    name: 'handleWebhooks() calls the handler of the type, the longest pattern next, and acknowledges what it has none for',
    async run({ clock }) {
      const calls: unknown[] = []
      const note = (handler: string) => (event: unknown, context: { readonly id: string | null }) =>
        void calls.push([handler, event, context.id])
      const receive = handleWebhooks(
        {
          'order.*': note('order.*'),
          'order.item.*': note('order.item.*'),
          'order.paid': note('order.paid'),
        },
        { secrets: SECRET, clock },
      )
      for (const type of ['order.paid', 'order.item.added', 'order.sent', 'invoice.paid'])
        expectEqual(
          (await receive(await signed(clock, event(type), { id: type.replaceAll('.', '_') })))
            .status,
          200,
        )
      expectEqual(calls, [
        ['order.paid', { type: 'order.paid' }, 'order_paid'],
        ['order.item.*', { type: 'order.item.added' }, 'order_item_added'],
        ['order.*', { type: 'order.sent' }, 'order_sent'],
      ])
    },
  },
  {
    name: 'handleWebhooks() answers refusals with problem+json, tells no stranger why, and reports them',
    async run({ clock }) {
      const reported: unknown[] = []
      const receive = handleWebhooks(
        { '*': () => undefined },
        {
          secrets: SECRET,
          clock,
          maxBytes: 50,
          onError: (error) => void reported.push(Reflect.get(Object(error), 'code')),
        },
      )
      const cases = [
        [new Request(ADDRESS), 405, undefined],
        [new Request(ADDRESS, { method: 'POST', body: '{}' }), 401, undefined],
        [await signed(clock, 'x'.repeat(51)), 413, 'body_too_large'],
        [await signed(clock, '<a/>', { contentType: 'text/xml' }), 415, 'unsupported_media_type'],
        [await signed(clock, '{'), 400, 'malformed_event'],
      ] as const
      for (const [given, status, code] of cases) {
        const answer = await receive(given)
        const problem: unknown = await answer.json()
        expectEqual(answer.headers.get('content-type'), 'application/problem+json')
        expectEqual([answer.status, Reflect.get(Object(problem), 'status')], [status, status])
        expectEqual(Reflect.get(Object(problem), 'code'), code)
      }
      expectEqual(reported, [
        'missing_signature',
        'body_too_large',
        'unsupported_media_type',
        'malformed_event',
      ])
    },
  },
  {
    name: 'handleWebhooks() handles a webhook once, however often it comes, until it is forgotten',
    async run(harness) {
      const { clock, advance } = harness
      let calls = 0
      const receive = await open(harness, { '*': () => void calls++ }, { rememberMs: 60_000 })
      const first = await signed(clock, event('a'), { id: 'msg_1' })
      const second = await signed(clock, event('a'), { id: 'msg_2' })
      const answers = [
        await receive(first.clone()),
        await receive(first.clone()),
        await receive(second),
      ]
      expectEqual([answers.map(({ status }) => status), calls], [[200, 200, 200], 2])
      await advance(61_000)
      expectEqual([(await receive(first)).status, calls], [200, 3])
    },
  },
  {
    name: 'handleWebhooks() answers 409 while the same webhook is being handled, and 200 after it',
    async run(harness) {
      const { clock } = harness
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
      const { promise: go, resolve: finish } = Promise.withResolvers<void>()
      let calls = 0
      const receive = await open(harness, {
        '*': () => {
          calls++
          begin()
          return go
        },
      })
      const request = await signed(clock, event('a'), { id: 'msg_1' })
      const running = receive(request.clone())
      await begun
      const busy = await receive(request.clone())
      expectEqual([busy.status, busy.headers.get('retry-after')], [409, '30'])
      finish()
      expectEqual((await running).status, 200)
      expectEqual([(await receive(request)).status, calls], [200, 1])
    },
  },
  {
    name: 'handleWebhooks() lets the sender try again after a handler failed or declined',
    async run(harness) {
      const { clock } = harness
      const reported: unknown[] = []
      const results = [
        () => Promise.reject(new Error('database is down')),
        () => new Response('not yet', { status: 503 }),
        () => new Response('challenge', { status: 200 }),
      ]
      const receive = await open(
        harness,
        { '*': () => results.shift()?.() },
        { onError: (error) => void reported.push(String(error)) },
      )
      const request = await signed(clock, event('a'), { id: 'msg_1' })
      const answers = [
        await receive(request.clone()),
        await receive(request.clone()),
        await receive(request.clone()),
        await receive(request),
      ]
      expectEqual(
        answers.map(({ status }) => status),
        [500, 503, 200, 200],
      )
      expectEqual(await Promise.all(answers.slice(1).map((answer) => answer.text())), [
        'not yet',
        'challenge',
        '',
      ])
      expectEqual(reported, ['Error: database is down'])
    },
  },
  {
    name: 'handleWebhooks() throws what a handler throws when nobody is told of errors',
    async run(harness) {
      const receive = await open(harness, { '*': () => Promise.reject(new RangeError('broken')) })
      const request = await signed(harness.clock, event('a'))
      await expectRejection(
        () => receive(request),
        (error) => error instanceof RangeError,
        'RangeError',
      )
    },
  },
  {
    name: 'handleWebhooks() is not taken in by a new id that nobody signed',
    async run(harness) {
      const { clock } = harness
      let calls = 0
      const options = { scheme: 'github', secrets: GITHUB_SECRET } as const
      const receive = await open(harness, { push: () => void calls++ }, options)
      const body = '{"ref":"main"}'
      const headers = await signWebhook(body, GITHUB_SECRET, { scheme: 'github' })
      for (const id of ['72d3162e', '00000001', '00000002']) {
        const request = new Request(ADDRESS, {
          method: 'POST',
          headers: { ...headers, 'x-github-event': 'push', 'x-github-delivery': id },
          body,
        })
        expectEqual((await receive(request)).status, 200)
      }
      expectEqual(calls, 1)
      void clock
    },
  },
  {
    name: 'handleWebhooks() keeps the memories of receivers apart',
    async run(harness) {
      const { clock } = harness
      const backend = await harness.open()
      const calls: string[] = []
      const receivers = ['a', 'b'].map((receiver) =>
        handleWebhooks(
          { '*': () => void calls.push(receiver) },
          { secrets: SECRET, clock, store: backend.store, receiver, random: createSeededRandom() },
        ),
      )
      const request = await signed(clock, event('a'), { id: 'msg_1' })
      for (const receive of receivers) expectEqual((await receive(request.clone())).status, 200)
      expectEqual(calls, ['a', 'b'])
    },
  },
  {
    name: 'handleWebhooks() acknowledges when the queue has the webhook, and not before',
    async run(harness) {
      const { clock } = harness
      const backend = await harness.open()
      const seen: unknown[] = []
      const handlers: WebhookHandlers = {
        'order.paid': (paid, { id, type }) => void seen.push([paid, id, type]),
      }
      const queue = new JobQueue({
        name: 'webhooks',
        backend,
        jobs: { webhook: webhookJob(handlers) },
        clock,
        random: createSeededRandom(),
      })
      let isDown = true
      const receive = handleWebhooks(handlers, {
        secrets: SECRET,
        clock,
        store: backend.store,
        random: createSeededRandom(),
        onError: () => undefined,
        queue: {
          add: async (name, webhook) => {
            if (isDown) throw new Error('queue is down')
            return queue.add(name, webhook)
          },
        },
      })
      const request = await signed(clock, event('order.paid'), { id: 'msg_1' })
      expectEqual((await receive(request.clone())).status, 500)
      isDown = false
      expectEqual((await receive(request.clone())).status, 200)
      expectEqual((await receive(request)).status, 200)
      const unknown = await signed(clock, event('order.sent'), { id: 'msg_2' })
      expectEqual((await receive(unknown)).status, 200)
      expectEqual(seen, [])
      expectEqual(await queue.drain(), 1)
      expectEqual(seen, [[{ type: 'order.paid' }, 'msg_1', 'order.paid']])
    },
  },
]

async function open(
  { open: openBackend, clock }: WebhookReceivingHarness,
  handlers: WebhookHandlers,
  options: Partial<HandleWebhooksOptions> = {},
): Promise<(request: Request) => Promise<Response>> {
  const { store } = await openBackend()
  const random = createSeededRandom()
  return handleWebhooks(handlers, { secrets: SECRET, clock, store, random, ...options })
}

function event(type: string): string {
  return JSON.stringify({ type })
}

interface SignedRequestOptions {
  readonly id?: string
  readonly timestamp?: number
  readonly contentType?: string
}

async function signed(
  clock: Clock,
  body: string | Uint8Array<ArrayBuffer>,
  options: SignedRequestOptions = {},
): Promise<Request> {
  const { contentType = 'application/json', ...signing } = options
  const headers = await signWebhook(body, SECRET, {
    clock,
    random: createSeededRandom(),
    ...signing,
  })
  return new Request(ADDRESS, {
    method: 'POST',
    headers: { ...headers, 'content-type': contentType },
    body,
  })
}

function request({ headers }: Request, body: string): Request {
  return new Request(ADDRESS, { method: 'POST', headers, body })
}

function streamed(
  { headers }: Request,
  body: ReadableStream<Uint8Array> | readonly Uint8Array[],
): Request {
  const stream =
    body instanceof ReadableStream
      ? body
      : new ReadableStream<Uint8Array>({
          start(controller) {
            for (const chunk of body) controller.enqueue(chunk)
            controller.close()
          },
        })
  // `duplex` is what Node wants for a streamed body, and other runtimes ignore.
  const init = { method: 'POST', headers, body: stream, duplex: 'half' }
  return new Request(ADDRESS, init)
}

function refuses(given: Request, options: ReceiveWebhookOptions, code: string): Promise<void> {
  return expectRejection(
    () => readWebhook(given, options),
    (error) => error instanceof WebhookVerificationError && error.code === code,
    `WebhookVerificationError ${code}`,
  )
}
