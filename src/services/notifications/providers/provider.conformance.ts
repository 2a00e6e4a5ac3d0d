import {
  expectEqual,
  expectTrue,
  LawBrokenError,
  type Law,
} from '../../../runtime/ports/conformance.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { NotificationError } from '../notification-error.ts'
import type { Provider, ProviderContext } from './provider.ts'

/** What an adapter supplies to have {@link providerLaws} run against it. */
export interface ProviderHarness<Message = unknown> {
  /** Makes the provider. Called once a law. */
  open(): Promise<Provider<Message>>
  /** A message that the vendor takes. */
  readonly message: Message
  /** The vendor's answer when it takes a message, and the id that it has there. */
  accepted(): Response
  readonly acceptedId: string | null
  /** What must never stand in an error: credentials, addresses, content. */
  readonly secrets: readonly string[]
}

/** How {@link providerLaws} call, and what was asked. */
interface Call {
  readonly requests: readonly { readonly url: string; readonly init: RequestInit }[]
  readonly outcome: unknown
}

const OUTCOME_OF_STATUS = [
  [400, 'invalid_request'],
  [401, 'authentication'],
  [402, 'quota'],
  [403, 'authentication'],
  [408, 'unavailable'],
  [413, 'invalid_request'],
  [422, 'invalid_request'],
  [429, 'rate_limited'],
  [500, 'unavailable'],
  [501, 'unavailable'],
  [502, 'ambiguous'],
  [503, 'unavailable'],
  [504, 'ambiguous'],
  [524, 'ambiguous'],
] as const

/** What nobody should read anything into. */
const WORDS = 'ECONNREFUSED 503 timeout rate limit exceeded Invalid recipient 21211 550 5.1.1'

const HOSTILE: readonly unknown[] = [
  null,
  undefined,
  0,
  '',
  'x',
  [],
  [[]],
  [null],
  [{ event: 'constructor' }, { event: '__proto__' }, { event: 5 }],
  {},
  { type: '__proto__', data: null },
  { eventType: 'toString', Message: '{' },
  { 'event-data': { event: 'hasOwnProperty' } },
  { RecordType: 'Bounce', Type: {} },
  { MessageStatus: 'valueOf' },
  { status: '__proto__' },
]

/** What every provider that speaks HTTP keeps to; an adapter is correct when it passes them. */
export const providerLaws: readonly Law<ProviderHarness>[] = [
  {
    name: "send() makes one request and answers with the vendor's id",
    async run(harness) {
      const { requests, outcome } = await call(harness, () => harness.accepted())
      expectEqual(requests.length, 1)
      const url = new URL(requests[0]?.url ?? '')
      expectEqual([requests[0]?.init.method, requests[0]?.init.redirect], ['POST', 'manual'])
      expectTrue(url.username === '' && url.password === '', 'no credentials in the URL')
      expectEqual(outcome, { providerMessageId: harness.acceptedId })
    },
  },
  {
    name: 'send() judges an answer by its status, whatever words come with it, and asks once',
    async run(harness) {
      for (const [status, code] of OUTCOME_OF_STATUS) {
        for (const text of ['', WORDS, '[]', '{"message":"Invalid recipient"}']) {
          const { requests, outcome } = await call(harness, () => new Response(text, { status }))
          expectEqual(requests.length, 1, `requests at ${status}`)
          expectEqual(errorOf(outcome).code, code, `code of ${status} with ${text}`)
          expectEqual(errorOf(outcome).recipient, null, `recipient at ${status}`)
        }
      }
    },
  },
  {
    name: 'send() hands on how long the vendor wants to be left alone',
    async run(harness) {
      for (const status of [429, 503]) {
        const headers = { 'retry-after': '7' }
        const { outcome } = await call(harness, () => new Response('', { status, headers }))
        expectEqual(errorOf(outcome).retryAfterMs, 7000)
      }
    },
  },
  {
    name: 'send() is ambiguous when no answer came, and unavailable when no request went out',
    async run(harness) {
      const lost = await call(harness, () => {
        throw new TypeError('fetch failed')
      })
      expectEqual(errorOf(lost.outcome).code, 'ambiguous')
      for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT']) {
        const refused = await call(harness, () => {
          throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) })
        })
        expectEqual(errorOf(refused.outcome).code, 'unavailable', code)
      }
    },
  },
  {
    name: 'send() whose time is over is ambiguous once the request went out, and makes none before',
    async run(harness) {
      const stop = new AbortController()
      const during = await call(
        harness,
        (signal) => {
          stop.abort(new Error('The time is over'))
          return Promise.reject(signal?.reason as Error)
        },
        stop.signal,
      )
      expectEqual(errorOf(during.outcome).code, 'ambiguous')
      const before = await call(harness, () => harness.accepted(), AbortSignal.abort())
      expectEqual([before.requests.length, errorOf(before.outcome).code], [0, 'unavailable'])
    },
  },
  {
    name: 'send() takes an answer that succeeded for a success, though its body breaks off or says nothing',
    async run(harness) {
      const { status } = harness.accepted()
      for (const body of ['', 'null', '{', brokenBody(), endlessBody()]) {
        const { outcome } = await call(harness, () => new Response(body, { status }))
        const { providerMessageId } = receiptOf(outcome)
        expectTrue(
          providerMessageId === null || typeof providerMessageId === 'string',
          `a receipt, got ${String(outcome)}`,
        )
      }
    },
  },
  {
    name: 'errors carry no credentials, no addresses and no content',
    async run(harness) {
      for (const status of [400, 401, 422, 500]) {
        const echo = harness.secrets.join(' ')
        const { outcome } = await call(harness, () => Response.json({ message: echo }, { status }))
        const error = errorOf(outcome)
        const shown = `${error.message} ${JSON.stringify(error)}`
        for (const secret of harness.secrets)
          expectTrue(!shown.includes(secret), 'an error that keeps what it was told to itself')
      }
    },
  },
  {
    name: 'readEvents() answers nothing about what is no event, and never throws',
    async run(harness) {
      const provider = await harness.open()
      const url = new URL('https://example.com/hook')
      for (const event of HOSTILE) expectEqual(provider.readEvents?.(event, url) ?? [], [])
    },
  },
]

async function call(
  harness: ProviderHarness,
  answer: (signal: AbortSignal | null | undefined) => Response | Promise<Response>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Call> {
  const requests: { url: string; init: RequestInit }[] = []
  const fetch: FetchClient = async (url, init) => {
    requests.push({ url, init })
    return answer(init.signal)
  }
  const context: ProviderContext = {
    fetch,
    signal,
    clock: { now: () => 1_767_225_600_000, setTimer: () => () => undefined },
    random: { bytes: (length) => new Uint8Array(length).fill(7), fraction: () => 0.5 },
    tokens: { get: async () => 'a-token', drop: async () => undefined },
  }
  const provider = await harness.open()
  const outcome: unknown = await provider
    .send(harness.message, context)
    .catch((error: unknown) => error)
  return { requests, outcome }
}

function errorOf(outcome: unknown): NotificationError {
  if (outcome instanceof NotificationError) return outcome
  throw new LawBrokenError(`Expected a NotificationError, got ${JSON.stringify(outcome)}`, {
    cause: outcome,
  })
}

function receiptOf(outcome: unknown): { readonly providerMessageId?: unknown } {
  if (typeof outcome === 'object' && outcome !== null && !(outcome instanceof Error)) return outcome
  throw new LawBrokenError(`Expected a receipt, got ${String(outcome)}`, { cause: outcome })
}

function brokenBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array([0x7b]))
      controller.error(new TypeError('The connection broke off'))
    },
  })
}

function endlessBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(65_536).fill(0x20))
    },
  })
}
