import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
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
const asRoot = { headers: { authorization: `Bearer ${key}` } }
const settings = {
  key,
  stateFolder: folder,
  variables: {
    RETRY_DELAYS_MS: '200,300,500,1000,1000,1000',
    ATTEMPT_TIMEOUT_MS: '1000',
    BODY_TIMEOUT_MS: '500',
    ALLOW_PRIVATE_RECEIVERS: 'for local development',
  },
  onOutput: (text: string) => void (printed += text),
}

let printed = ''
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
    name: 'GET /health/live and /health/ready answer without a key, and make no Durable Object',
    async run() {
      await call('GET', '/health/ready', { bearer: null })
      const before = objectCount()
      for (const path of ['/health/live', '/health/ready']) {
        const { status, headers, body } = await call('GET', path, { bearer: null })
        expectEqual(
          [status, headers.get('content-type'), body['status'], body['serviceId']],
          [200, 'application/health+json', 'pass', 'gateway'],
          path,
        )
      }
      expectEqual(objectCount(), before)
    },
  },
  {
    name: 'a request is one line of the log, with its route, id and trace, and without what it carries',
    async run() {
      printed = ''
      const path = '/v1/deliveries/evt_hidden:ep_none?tenant=hidden'
      const response = await fetch(`${gateway?.url ?? ''}${path}`, {
        headers: {
          authorization: `Bearer ${key}`,
          'x-request-id': 'from-the-caller',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        },
      })
      expectEqual([response.status, response.headers.get('x-request-id')], [404, 'from-the-caller'])
      await response.body?.cancel()
      const line = await printedLine(/^.*from-the-caller.*$/m)
      const { level, msg, service, method, route, status, traceId } = JSON.parse(line) as Record<
        string,
        unknown
      >
      expectEqual(
        [level, msg, service, method, route, status, traceId],
        [
          30,
          'request',
          'gateway',
          'GET',
          '/v1/deliveries/:id',
          404,
          '0af7651916cd43dd8448eb211c80319c',
        ],
      )
      expectTrue(!/hidden/.test(line) && !printed.includes(key), 'ids and keys to stay out of it')
    },
  },
  {
    name: 'GET /metrics shows with a key what all isolates counted, as Prometheus asks for it',
    async run() {
      expectEqual((await call('GET', '/metrics', { bearer: null })).status, 401)
      for (const [accept, type, last] of [
        ['text/plain;version=0.0.4', 'text/plain; version=0.0.4', ''],
        ['application/openmetrics-text;version=1.0.0', 'application/openmetrics-text', '# EOF'],
      ] as const) {
        const response = await fetch(`${gateway?.url ?? ''}/metrics`, {
          headers: { authorization: `Bearer ${key}`, accept },
        })
        const text = await response.text()
        expectTrue(response.headers.get('content-type')?.startsWith(type) === true, type)
        expectTrue(
          /^http_server_request_duration_seconds_count\{method="GET",route="\/v1\/deliveries\/:id",status="404"\} [1-9]/m.test(
            text,
          ),
          'requests by their route',
        )
        expectEqual(text.trimEnd().split('\n').at(-1)?.startsWith(last), true)
        expectTrue(!/hidden|evt_/.test(text), 'ids to stay out of it')
      }
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
    name: 'data is delivered byte for byte, or refused with a reason',
    async run() {
      await withReceiver(
        () => 204,
        async (receiver) => {
          await createEndpoint(receiver)
          const kept = [
            '{"__proto__":{"x":1},"ok":1}',
            '[ 1.0, 1e2, -0, 0.1, "\\u00e9" ]',
            `${'['.repeat(200)}${']'.repeat(200)}`,
          ]
          for (const data of kept)
            expectEqual(
              (await call('POST', '/v1/events', { text: `{"type":"order.paid","data":${data}}` }))
                .status,
              202,
            )
          const requests = await Promise.all(
            kept.map((_data, index) => receiver.request(index + 1)),
          )
          expectEqual(
            requests.map(({ body }) => body.slice(body.indexOf('"data":') + 7, -1)).toSorted(),
            kept.toSorted(),
          )
          for (const data of [
            '12345678901234567890',
            '1e400',
            '{"a":1,"a":2}',
            '"\\ud800"',
            ...[2000, 100_000].flatMap((depth) => [
              `${'['.repeat(depth)}${']'.repeat(depth)}`,
              `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
              '['.repeat(depth),
            ]),
          ]) {
            const text = `{"type":"order.paid","data":${data}}`
            const { status } = await call('POST', '/v1/events', { text })
            expectTrue(status >= 400 && status < 500, `a 4xx, not ${status}`)
          }
          const bytes = new Uint8Array([...new TextEncoder().encode('{"type":"a","data":"'), 0xff])
          expectEqual((await call('POST', '/v1/events', { text: bytes })).status, 400)
        },
      )
    },
  },
  {
    name: 'reading what does not exist makes no Durable Object',
    async run() {
      // The directories of tenants, of webhooks and of the gateway, are objects themselves.
      await call('GET', '/v1/webhooks/endpoints?tenant=first')
      await call('GET', '/v1/jobs/queues?tenant=first')
      // So is the record of what administrators were refused, and where isolates count now and then.
      await call('DELETE', '/v1/webhooks/endpoints/ep_none')
      await (await fetch(`${gateway?.url ?? ''}/metrics`, asRoot)).body?.cancel()
      const before = objectCount()
      const digits = '0123456789abcdef'.repeat(2).slice(0, 28)
      for (let index = 0; index < 20; index++) {
        const tenant = `unknown-${index}`
        const endpoint = `ep_${index.toString(16).padStart(2, '0')}${digits}.${tenant}`
        for (const [status, path] of [
          [200, `/v1/webhooks/endpoints?tenant=${tenant}`],
          [200, `/v1/deliveries?tenant=${tenant}`],
          [200, `/v1/deliveries?tenant=${tenant}&state=dead`],
          [404, `/v1/webhooks/endpoints/${endpoint}`],
          [404, `/v1/deliveries/evt_1:${endpoint}`],
          [200, `/v1/deliveries?endpoint=${endpoint}&tenant=${tenant}`],
          [200, `/v1/webhooks/endpoints/${endpoint}/stats`],
          [404, `/v1/deliveries/evt_1:ep_${(index + 16).toString(16)}${digits}`],
        ] as const)
          expectEqual((await call('GET', path)).status, status, path)
        for (const path of [
          '/v1/jobs/queues',
          '/v1/jobs/queues/default/jobs?state=dead',
          '/v1/jobs/queues/default/schedules',
          '/v1/sagas/http/stuck',
          '/v1/messages',
          '/v1/files',
          '/v1/keys',
          '/v1/audit',
        ])
          expectEqual(
            (await call('GET', `${path}${path.includes('?') ? '&' : '?'}tenant=${tenant}`)).status,
            200,
            path,
          )
        expectEqual((await call('DELETE', `/v1/webhooks/endpoints/${endpoint}`)).status, 404)
      }
      expectEqual(objectCount(), before)
    },
  },
  {
    name: 'bodies without a key, that break off or do not end are answered or dropped, and no error',
    async run() {
      printed = ''
      const start = (authorization: string): string =>
        `POST /v1/events HTTP/1.1\r\nhost: x\r\n${authorization}content-type: application/json\r\n` +
        'content-length: 1000\r\n\r\n{"type":'
      const withKey = start(`authorization: Bearer ${key}\r\n`)
      // Dropped in the middle of the body.
      for (const request of [start(''), withKey, start(''), withKey]) await talk(request, 'drop')
      expectTrue((await talk(start(''), 'wait')).startsWith('HTTP/1.1 401'), 'a 401 at once')
      expectTrue((await talk(withKey, 'wait')).startsWith('HTTP/1.1 408'), 'a 408 in time')
      expectEqual((await call('GET', '/health')).status, 200)
      expectEqual(printed.match(/"level":50|Uncaught/g) ?? [], [], printed)
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
  readonly text?: string | Uint8Array<ArrayBuffer>
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

/** Waits for a line of what the gateway prints, which comes a little after its answers. */
async function printedLine(pattern: RegExp): Promise<string> {
  for (let look = 0; look < 100; look++) {
    const [line] = pattern.exec(printed) ?? []
    if (line !== undefined) return line
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`Nothing like ${String(pattern)} was printed: ${printed.slice(-2000)}`)
}

/** How many Durable Objects are kept. */
function objectCount(): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/do\/.*[0-9a-f]{64}\.sqlite$/.test(path),
  ).length
}

/** Sends the beginning of a request. @returns What came back before the connection ended */
function talk(request: string, then: 'drop' | 'wait'): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(Number(new URL(gateway?.url ?? '').port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (then === 'wait') socket.destroy()
    })
    socket.once('error', fail).once('close', () => done(answer))
    socket.write(request, () => {
      // The gateway has begun to read by then.
      if (then === 'drop') setTimeout(() => socket.destroy(), 50)
    })
  })
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
