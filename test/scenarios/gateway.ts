import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import {
  newRootKey,
  startLocalGateway,
  type LocalGateway,
} from '../../examples/gateway/local-gateway.ts'
import {
  startReceiver,
  type Answer,
  type Receiver,
  type ReceivedRequest,
} from '../../examples/gateway/receiver.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'reuse-gateway-'))
const key = newRootKey()
const settings = {
  key,
  stateFolder: folder,
  variables: {
    RETRY_DELAYS_MS: '200,300,500,1000,1000,1000',
    ATTEMPT_TIMEOUT_MS: '1000',
    ALLOW_PRIVATE_RECEIVERS: 'for local development',
  },
}

let gateway: LocalGateway | undefined

const cases: readonly SuiteCase[] = [
  {
    name: 'GET /health answers without a key',
    async run() {
      const { status, body } = await call('GET', '/health', { bearer: null })
      expectEqual([status, body['status']], [200, 'ok'])
    },
  },
  {
    name: 'a request with a bad key, path, type, size or body gets a problem document, and stores nothing',
    async run() {
      const url = 'https://example.com/hook'
      const bad: readonly (readonly [number, string, string, CallOptions])[] = [
        [401, 'POST', '/v1/events', { bearer: null, json: { type: 'a', data: 1 } }],
        [401, 'POST', '/v1/events', { bearer: 'wcr_root_wrong', json: { type: 'a', data: 1 } }],
        [401, 'GET', '/v1/webhooks/endpoints', { bearer: '' }],
        [404, 'GET', '/v1/nothing', {}],
        [404, 'GET', '/v1/deliveries/none:ep_none', {}],
        [404, 'GET', '/v1/deliveries/%00', {}],
        [404, 'DELETE', '/v1/webhooks/endpoints/ep_none', {}],
        [415, 'POST', '/v1/events', { text: '{}', type: 'text/plain' }],
        [400, 'POST', '/v1/events', { text: '{"type":' }],
        [413, 'POST', '/v1/events', { json: { type: 'a', data: 'x'.repeat(300_000) } }],
        [422, 'POST', '/v1/events', { json: { type: 'a b', data: 1 } }],
        [422, 'POST', '/v1/events', { json: { type: 'a' } }],
        [422, 'POST', '/v1/events', { json: { type: 'a', data: 1, surprise: true } }],
        [422, 'POST', '/v1/events', { json: [] }],
        [422, 'POST', '/v1/webhooks/endpoints', { json: { url: 'not a url' } }],
        [422, 'POST', '/v1/webhooks/endpoints', { json: { url: 'ftp://example.com/' } }],
        [
          422,
          'POST',
          '/v1/webhooks/endpoints',
          { json: { url: 'https://user:pass@example.com/' } },
        ],
        [422, 'POST', '/v1/webhooks/endpoints', { json: { url, events: ['no spaces'] } }],
        [422, 'POST', '/v1/webhooks/endpoints', { json: { url, headers: { 'webhook-id': 'x' } } }],
        [
          422,
          'POST',
          '/v1/webhooks/endpoints',
          { json: { url, filter: { 'data.a': { $regex: '(a+)+' } } } },
        ],
      ]
      for (const [status, method, path, options] of bad) {
        const answer = await call(method, path, options)
        expectEqual([answer.status, answer.body['status']], [status, status], `${method} ${path}`)
        expectEqual(answer.headers.get('content-type'), 'application/problem+json')
        expectTrue(
          typeof answer.body['code'] === 'string' && typeof answer.body['detail'] === 'string',
          'a code and a detail',
        )
        expectTrue(!JSON.stringify(answer.body).includes(key), 'the key to stay out of it')
      }
      const { body } = await call('GET', '/v1/webhooks/endpoints')
      expectEqual(body['endpoints'], [])
    },
  },
  {
    name: 'keys can be made, used and revoked, with the root key alone',
    async run() {
      const made = await call('POST', '/v1/keys', { json: { label: 'ci' } })
      expectEqual(made.status, 201)
      const bearer = String(made.body['key'])
      expectEqual((await call('GET', '/v1/webhooks/endpoints', { bearer })).status, 200)
      expectEqual((await call('GET', '/v1/keys', { bearer })).status, 403)
      const listed = await call('GET', '/v1/keys')
      expectTrue(!JSON.stringify(listed.body).includes(bearer), 'the key not to be shown again')
      expectEqual((await call('DELETE', `/v1/keys/${String(made.body['id'])}`)).status, 204)
      expectEqual((await call('GET', '/v1/webhooks/endpoints', { bearer })).status, 401)
    },
  },
  {
    name: 'an event reaches its receiver signed, after two failures, with every attempt listed',
    async run() {
      await withReceiver(
        ({ number }) => (number === 1 ? 500 : number === 2 ? 'never' : 204),
        async (receiver) => {
          const { id: endpoint, secret } = await createEndpoint(receiver)
          const event = await call('POST', '/v1/events', {
            json: { type: 'order.paid', data: { total: 99.5, who: 'ü' } },
          })
          expectEqual(event.status, 202)
          const requests = await Promise.all([1, 2, 3].map((number) => receiver.request(number)))
          for (const { headers, body } of requests) new Webhook(secret).verify(body, { ...headers })
          expectEqual(
            new Set(requests.map(({ headers }) => headers['webhook-id'])),
            new Set([event.body['id']]),
          )
          expectEqual(new Set(requests.map(({ body }) => body)).size, 1)
          const delivery = await settled(`${String(event.body['id'])}:${endpoint}`)
          expectEqual([delivery['state'], delivery['attempts']], ['delivered', 3])
          const attempts = delivery['attemptLog'] as {
            readonly status: number | null
            readonly error: string | null
          }[]
          expectEqual(
            attempts.map(({ status }) => status),
            [500, null, 204],
          )
          expectTrue(
            !JSON.stringify(delivery).includes(secret),
            'the secret to stay out of the record',
          )
        },
      )
    },
  },
  {
    name: 'the same event id is accepted twice and delivered once',
    async run() {
      await withReceiver(
        () => 204,
        async (receiver) => {
          const { id: endpoint } = await createEndpoint(receiver)
          const json = { id: 'evt_once', type: 'order.paid', data: 1 }
          expectEqual((await call('POST', '/v1/events', { json })).status, 202)
          expectEqual((await call('POST', '/v1/events', { json })).status, 202)
          await settled(`evt_once:${endpoint}`)
          expectEqual(receiver.count(), 1)
        },
      )
    },
  },
  {
    name: 'an event accepted before the gateway is killed is delivered after it is back',
    async run() {
      let back = false
      await withReceiver(
        () => (back ? 204 : 503),
        async (receiver) => {
          const { id: endpoint, secret } = await createEndpoint(receiver)
          const events = await Promise.all(
            Array.from({ length: 5 }, (_, index) =>
              call('POST', '/v1/events', { json: { type: 'order.paid', data: index } }),
            ),
          )
          expectTrue(
            events.every(({ status }) => status === 202),
            'every event to be accepted',
          )
          await gateway?.kill()
          back = true
          const before = receiver.count()
          gateway = await startLocalGateway(settings)
          const requests = await Promise.all(
            Array.from({ length: 5 }, (_, index) => receiver.request(before + 1 + index)),
          )
          for (const { headers, body } of requests) new Webhook(secret).verify(body, { ...headers })
          for (const { body } of events)
            expectEqual((await settled(`${String(body['id'])}:${endpoint}`))['state'], 'delivered')
        },
      )
    },
  },
]

try {
  gateway = await startLocalGateway(settings)
  process.exitCode =
    (await runSuites(
      'workerd',
      [{ subject: 'Gateway', adapter: 'durable-objects', cases }],
      console.log,
      process.argv[2],
    )) > 0
      ? 1
      : 0
} finally {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
}

interface CallOptions {
  /** Default: the root key. `null`: no header. */
  readonly bearer?: string | null
  readonly json?: unknown
  readonly text?: string
  readonly type?: string
}

interface CallResult {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

async function call(method: string, path: string, options: CallOptions = {}): Promise<CallResult> {
  const { bearer = key, json, text, type = 'application/json' } = options
  const content = text ?? (json === undefined ? undefined : JSON.stringify(json))
  const response = await fetch(`${gateway?.url ?? ''}${path}`, {
    method,
    headers: {
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...(content !== undefined && { 'content-type': type }),
    },
    ...(content !== undefined && { body: content }),
  })
  const answer = await response.text()
  // Every route answers with an object or with nothing.
  const body = answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>)
  return { status: response.status, headers: response.headers, body }
}

async function createEndpoint(
  receiver: Receiver,
): Promise<{ readonly id: string; readonly secret: string }> {
  const { status, body } = await call('POST', '/v1/webhooks/endpoints', {
    json: { url: receiver.url, events: ['order.*'] },
  })
  expectEqual(status, 201, `the status of ${JSON.stringify(body)}`)
  return { id: String(body['id']), secret: String(body['secret']) }
}

/** Runs `act` with a receiver of its own, and removes its endpoints afterwards. */
async function withReceiver(
  answer: (request: ReceivedRequest) => Answer,
  act: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const receiver = await startReceiver(answer)
  try {
    await act(receiver)
  } finally {
    await receiver.close()
    const { body } = await call('GET', '/v1/webhooks/endpoints')
    for (const { id } of body['endpoints'] as { readonly id: string }[])
      await call('DELETE', `/v1/webhooks/endpoints/${id}`)
  }
}

/** Asks for a delivery until it is settled; the receiver knows of its answer a moment before the gateway has written it down. */
async function settled(id: string): Promise<Readonly<Record<string, unknown>>> {
  for (let look = 0; look < 100; look++) {
    const { body } = await call('GET', `/v1/deliveries/${id}`)
    if (body['state'] === 'delivered' || body['state'] === 'dead') return body
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`Delivery ${id} did not settle`)
}
