import { encodeHex } from '../../../../src/primitives/hex.ts'
import { createHmacKey } from '../../../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { JobQueue } from '../../../../src/services/background-jobs/index.ts'
import {
  handleWebhooks,
  type HandleWebhooksOptions,
} from '../../../../src/services/webhooks/receiving/handle-webhooks.ts'
import { mailgunWebhook } from '../../../../src/services/webhooks/schemes/mailgun.ts'
import type { WebhookHandlers } from '../../../../src/services/webhooks/receiving/webhook-handlers.ts'
import { webhookJob } from '../../../../src/services/webhooks/receiving/webhook-job.ts'
import { createSeededRandom } from '../../../../src/testing/index.ts'
import { suite, type Suite } from '../../suite.ts'
import { signedRequest, SIGNING_SECRET } from '../../../support/signed-request.ts'
import { RECEIVER_URL } from '../../../support/received-webhook.ts'
import { repeatedDeliveries } from '../../../support/repeated-deliveries.ts'

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

const GITHUB_SECRET = "It's a Secret to Everybody"

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
        { secrets: SIGNING_SECRET, clock },
      )
      for (const type of ['order.paid', 'order.item.added', 'order.sent', 'invoice.paid'])
        expectEqual(
          (
            await receive(
              await signedRequest(clock, event(type), { id: type.replaceAll('.', '_') }),
            )
          ).status,
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
          secrets: SIGNING_SECRET,
          clock,
          maxBytes: 50,
          onError: (error) => void reported.push(Reflect.get(Object(error), 'code')),
        },
      )
      const cases = [
        [new Request(RECEIVER_URL), 405, undefined],
        [new Request(RECEIVER_URL, { method: 'POST', body: '{}' }), 401, undefined],
        [await signedRequest(clock, 'x'.repeat(51)), 413, 'body_too_large'],
        [
          await signedRequest(clock, '<a/>', { contentType: 'text/xml' }),
          415,
          'unsupported_media_type',
        ],
        [await signedRequest(clock, '{'), 400, 'malformed_event'],
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
      const receive = await open(harness, { '*': () => void calls++ }, { keep: '1m' })
      const first = await signedRequest(clock, event('a'), { id: 'msg_1' })
      const second = await signedRequest(clock, event('a'), { id: 'msg_2' })
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
      const request = await signedRequest(clock, event('a'), { id: 'msg_1' })
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
      const request = await signedRequest(clock, event('a'), { id: 'msg_1' })
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
      const request = await signedRequest(harness.clock, event('a'))
      await expectRejection(
        () => receive(request),
        (error) => error instanceof RangeError,
        'RangeError',
      )
    },
  },
  {
    name: 'handleWebhooks() tells repetitions by the id of the vendor, and handles what has none each time',
    async run(harness) {
      for (const { what, options, requests, handled } of await repeatedDeliveries()) {
        const calls: unknown[] = []
        const receive = await open(
          harness,
          { '*': (_event, { type }) => void calls.push(type) },
          options,
        )
        for (const request of requests) expectEqual((await receive(request)).status, 200, what)
        expectEqual(calls.length, handled, `${what}, handled`)
      }
    },
  },
  {
    name: 'handleWebhooks() is not taken in by another body under a proof that was seen before',
    async run(harness) {
      const seen: unknown[] = []
      const options = { scheme: mailgunWebhook(), secrets: GITHUB_SECRET }
      const receive = await open(harness, { '*': (event) => void seen.push(event) }, options)
      const timestamp = String(Math.floor(harness.clock.now() / 1000))
      const key = createHmacKey(encodeUtf8(GITHUB_SECRET))
      const code = await key.sign(encodeUtf8(`${timestamp}token`))
      const signature = { timestamp, token: 'token', signature: encodeHex(code) }
      for (const event of ['delivered', 'complained']) {
        const body = JSON.stringify({ signature, 'event-data': { event, id: event } })
        const answer = await receive(new Request(RECEIVER_URL, { method: 'POST', body }))
        expectEqual(answer.status, 200)
      }
      expectEqual(seen.length, 1)
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
          {
            secrets: SIGNING_SECRET,
            clock,
            store: backend.store,
            receiver,
            random: createSeededRandom(),
          },
        ),
      )
      const request = await signedRequest(clock, event('a'), { id: 'msg_1' })
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
        secrets: SIGNING_SECRET,
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
      const request = await signedRequest(clock, event('order.paid'), { id: 'msg_1' })
      expectEqual((await receive(request.clone())).status, 500)
      isDown = false
      expectEqual((await receive(request.clone())).status, 200)
      expectEqual((await receive(request)).status, 200)
      const unknown = await signedRequest(clock, event('order.sent'), { id: 'msg_2' })
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
  return handleWebhooks(handlers, { secrets: SIGNING_SECRET, clock, store, random, ...options })
}

function event(type: string): string {
  return JSON.stringify({ type })
}
