import { encodeBase64Url } from '../../../src/primitives/base64url.ts'
import { encodeUtf8 } from '../../../src/primitives/utf8.ts'
import { memory } from '../../../src/runtime/backends/memory/index.ts'
import { expectEqual, expectTrue } from '../../../src/runtime/ports/conformance.ts'
import {
  qstashDirect,
  qstashDirectHandler,
  qstashWaker,
  qstashHandler,
  type DirectOutcome,
} from '../../../src/runtime/engines/qstash/index.ts'
import { createFakeClock } from '../../../src/testing/index.ts'
import type { Json } from '../../../src/runtime/ports/json.ts'
import type { Suite } from '../suite.ts'

const url = 'https://app.example.com/qstash'
const signingKeys = { current: 'sig_current', next: 'sig_next' }
const clock = createFakeClock()

/** What QStash's waker and direct mode do on every runtime, with its service played by a function. */
export function qstashSuites(): readonly Suite[] {
  return [
    {
      subject: 'Engines',
      adapter: 'qstash',
      cases: [
        {
          name: 'a wake is published once a span, and works the queue when delivered with either key',
          async run() {
            const sent: Sent[] = []
            const backend = {
              ...memory({ clock }),
              waker: qstashWaker({ token: 't', url, clock, fetch: recorder(sent) }),
            }
            let works = 0
            const workers = [{ queue: 'email', drain: async () => ++works }]
            const handle = qstashHandler({ url, signingKeys, backend, workers, clock })
            for (let wake = 0; wake < 5; wake++) await backend.waker.wake('email', 0)
            expectEqual(sent.length, 1)
            const { headers, body } = sent[0] ?? missing()
            expectEqual(headers.get('authorization'), 'Bearer t')
            expectEqual(headers.get('upstash-delay'), '1s')
            for (const key of Object.values(signingKeys))
              expectEqual((await handle(await requestOf(body, key))).status, 200)
            expectEqual(works, 2)
          },
        },
        {
          name: 'a request with a wrong key, body, URL or age is refused before anything runs',
          async run() {
            let works = 0
            const workers = [{ queue: 'email', drain: async () => ++works }]
            const handle = qstashHandler({
              url,
              signingKeys,
              backend: memory({ clock }),
              workers,
              clock,
            })
            const body = '{"ring":"email"}'
            const token = await sign('sig_current', url, body)
            const critical = await sign('sig_current', url, body, clock.now(), { crit: ['b64'] })
            const late = await sign('sig_current', url, body, clock.now() - 400_000)
            const elsewhere = await sign('sig_current', `${url}/other`, body)
            for (const [text, signature] of [
              [body, await sign('sig_other', url, body)],
              [body, elsewhere],
              [body, late],
              [body, critical],
              [body, ''],
              ['{"ring":"other"}', token],
            ] as const) {
              const headers = { 'upstash-signature': signature }
              const request = new Request(url, { method: 'POST', body: text, headers })
              expectEqual((await handle(request)).status, 401, signature)
            }
            expectEqual(works, 0)
          },
        },
        {
          name: 'a direct job is sent, delivered and answered as its outcome asks',
          async run() {
            const sent: Sent[] = []
            const direct = qstashDirect({ token: 't', url, clock, fetch: recorder(sent) })
            expectEqual(await direct.send('resize', { key: 'ü' }, { delay: '90s', retries: 2 }), {
              id: 'msg_1',
              added: true,
            })
            const { headers, body } = sent[0] ?? missing()
            expectEqual(headers.get('upstash-delay'), '90s')
            let outcome: DirectOutcome = { to: 'completed' }
            const handle = qstashDirectHandler({
              url,
              signingKeys,
              clock,
              process: async ({ data }) => {
                expectEqual(data, { key: 'ü' })
                return outcome
              },
            })
            const answers: unknown[] = []
            for (outcome of [
              { to: 'completed' },
              { to: 'dead', error: 'no' },
              { to: 'scheduled', delayMs: 1500 },
            ] satisfies DirectOutcome[]) {
              const response = await handle(await requestOf(body, 'sig_current'))
              answers.push([
                response.status,
                response.headers.get('retry-after'),
                response.headers.get('upstash-nonretryable-error'),
              ])
            }
            expectEqual(answers, [
              [200, null, null],
              [489, null, 'true'],
              [503, '2', null],
            ])
          },
        },
        {
          name: 'a refusal of the service is a typed error without the token',
          async run() {
            const fetch = async (): Promise<Response> => new Response('no', { status: 401 })
            const waker = qstashWaker({ token: 'hush', url, clock, fetch })
            const error: unknown = await waker.wake('email', 0).catch((thrown: unknown) => thrown)
            expectTrue(error instanceof Error && error.name === 'BackendError', 'a BackendError')
            expectTrue(!String(error).includes('hush'), 'the token to stay out of it')
          },
        },
      ],
    },
  ]
}

interface Sent {
  readonly headers: Headers
  readonly body: string
}

/** Takes every message as QStash does. */
function recorder(sent: Sent[]): (url: string, init: RequestInit) => Promise<Response> {
  return async (_, { headers, body }) => {
    sent.push({ headers: new Headers(headers), body: typeof body === 'string' ? body : '' })
    return Response.json({ messageId: `msg_${sent.length}` }, { status: 201 })
  }
}

async function requestOf(body: string, key: string): Promise<Request> {
  const headers = { 'upstash-signature': await sign(key, url, body) }
  return new Request(url, { method: 'POST', body, headers })
}

/** Signs as QStash does, with nothing but WebCrypto. */
async function sign(
  key: string,
  sub: string,
  body: string,
  now = clock.now(),
  head: Readonly<Record<string, Json>> = {},
): Promise<string> {
  const seconds = Math.floor(now / 1000)
  const hash = await crypto.subtle.digest('SHA-256', encodeUtf8(body))
  const claims = {
    iss: 'Upstash',
    sub,
    exp: seconds + 300,
    nbf: seconds,
    body: `${encodeBase64Url(new Uint8Array(hash))}=`,
  }
  const signed = [{ alg: 'HS256', typ: 'JWT', ...head }, claims]
    .map((part) => encodeBase64Url(encodeUtf8(JSON.stringify(part))))
    .join('.')
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const secret = await crypto.subtle.importKey('raw', encodeUtf8(key), hmac, false, ['sign'])
  const code = await crypto.subtle.sign('HMAC', secret, encodeUtf8(signed))
  return `${signed}.${encodeBase64Url(new Uint8Array(code))}`
}

function missing(): never {
  throw new Error('Expected a message to be sent')
}
