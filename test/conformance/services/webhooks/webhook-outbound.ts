import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { systemClock } from '../../../../src/runtime/ports/platform/clock.ts'
import {
  systemFetch,
  type FetchClient,
} from '../../../../src/runtime/ports/platform/fetch-client.ts'
import {
  createOutbound,
  type Outbound,
  type OutboundResult,
} from '../../../../src/services/webhooks/outbound/outbound.ts'
import type { HostResolver } from '../../../../src/services/webhooks/outbound/host-resolver.ts'
import {
  decideUrl,
  type OutboundPolicy,
} from '../../../../src/services/webhooks/outbound/url-policy.ts'
import {
  defaultFetch,
  judgesAddresses,
} from '../../../../src/services/webhooks/sending/default-fetch.ts'
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.ts'
import { ALLOWED_URLS, REFUSED_ANSWERS, REFUSED_URLS } from './ssrf-corpus.ts'
import { suite, type Suite } from '../../suite.ts'

/** What requests to strangers promise on every runtime. */
export function webhookOutboundSuites(): readonly Suite[] {
  return [suite('Webhook requests', 'pure', webhookOutboundLaws, {})]
}

const PUBLIC = '93.184.216.34'
const TIMEOUT_MS = 15_000
const KEPT_BYTES = 16_384

const webhookOutboundLaws: readonly Law<object>[] = [
  {
    name: 'decideUrl() refuses every URL of the corpus, by the rule that it breaks',
    async run() {
      let count = 0
      for (const [refusal, urls] of Object.entries(REFUSED_URLS)) {
        for (const url of urls) {
          const verdict = decideUrl(url)
          expectEqual([url, verdict.ok ? 'allowed' : verdict.refusal], [url, refusal])
          count++
        }
      }
      expectTrue(count >= 130, `the corpus to be whole, not ${count}`)
    },
  },
  {
    name: 'decideUrl() lets public URLs pass, and wants names resolved',
    async run() {
      for (const url of ALLOWED_URLS) {
        const verdict = decideUrl(url)
        expectEqual([url, verdict.ok], [url, true])
        const literal = /^https:\/\/(\d|\[)/.test(url)
        expectEqual([url, verdict.ok && verdict.resolve], [url, !literal])
      }
    },
  },
  {
    name: 'decideUrl() keeps to the policy’s schemes, ports and hosts',
    async run() {
      const policy: OutboundPolicy = {
        schemes: ['https', 'http'],
        ports: [80, 443, 9000],
        allowHosts: ['example.com', '*.example.org'],
        denyHosts: ['bad.example.org'],
      }
      const verdicts = [
        'http://example.com/',
        'https://example.com:9000/',
        'https://EXAMPLE.COM./',
        'https://a.b.example.org/',
        'https://example.org/',
        'https://bad.example.org/',
        'https://example.com.evil.test/',
        'https://example.com:8443/',
        'https://127.0.0.1/',
      ].map((url) => {
        const verdict = decideUrl(url, policy)
        return verdict.ok ? 'ok' : verdict.refusal
      })
      expectEqual(verdicts, [
        'ok',
        'ok',
        'ok',
        'ok',
        'host_not_allowed',
        'host_not_allowed',
        'host_not_allowed',
        'port',
        'address',
      ])
    },
  },
  {
    name: 'decideUrl() lets private addresses pass for local development alone, and never credentials or other schemes',
    async run() {
      const policy: OutboundPolicy = { allowPrivateNetworks: 'for local development' }
      for (const url of ['http://localhost:8080/', 'http://127.0.0.1:1/', 'https://[::1]:9/']) {
        const verdict = decideUrl(url, policy)
        expectEqual([url, verdict.ok && verdict.resolve === false], [url, true])
      }
      for (const url of ['http://u:p@localhost/', 'file:///etc/passwd', 'nonsense'])
        expectEqual([url, decideUrl(url, policy).ok], [url, false])
      // A value that only looks like it switches nothing off.
      expectEqual(
        decideUrl('https://127.0.0.1/', { allowPrivateNetworks: true as never }).ok,
        false,
      )
    },
  },
  {
    name: 'send() sends nothing when one of a name’s addresses is not public, or there is none',
    async run() {
      const sent: string[] = []
      const fetch: FetchClient = async (url) => {
        sent.push(url)
        return new Response()
      }
      for (const answer of REFUSED_ANSWERS) {
        const { result } = await send(fetch, { resolve: async () => [PUBLIC, answer] })
        expectEqual([answer, codeOf(result)], [answer, 'address_blocked'])
      }
      const none = await send(fetch, { resolve: async () => [] })
      const failing = await send(fetch, { resolve: () => Promise.reject(new Error('down')) })
      expectEqual(
        [codeOf(none.result), codeOf(failing.result), sent],
        ['dns_failed', 'dns_failed', []],
      )
      expectEqual(
        codeOf((await send(fetch, { resolve: async () => [PUBLIC, '2606:4700::1'] })).result),
        200,
      )
    },
  },
  {
    name: 'send() asks for the name without the dot at its end, and asks again for each request',
    async run() {
      const asked: string[] = []
      const resolve: HostResolver = async (name) => {
        asked.push(name)
        return [PUBLIC]
      }
      const outbound = outboundOf(async () => new Response(), { resolve })
      await outbound.send(requestTo('https://example.com./'))
      await outbound.send(requestTo('https://example.com/'))
      expectEqual(asked, ['example.com', 'example.com'])
    },
  },
  {
    name: 'send() sends exact bytes by POST, without following redirects',
    async run() {
      const seen: RequestInit[] = []
      await send(async (_url, init) => {
        seen.push(init)
        return new Response()
      })
      const [init] = seen
      expectEqual([init?.method, init?.redirect, init?.headers], ['POST', 'manual', { a: 'b' }])
      expectEqual(Array.from((init?.body ?? []) as Uint8Array), [0, 255, 123])
    },
  },
  {
    name: 'send() ends a request that never answers, even one that ignores its signal',
    async run() {
      let signal: AbortSignal | null | undefined
      const { result, waitedMs } = await send((_url, init) => {
        signal = init.signal
        return new Promise(() => undefined)
      })
      expectEqual([codeOf(result), waitedMs, signal?.aborted], ['timeout', TIMEOUT_MS, true])
    },
  },
  {
    name: 'send() has one time limit for everything, name resolution included',
    async run() {
      const { result, waitedMs } = await send(async () => new Response(), {
        resolve: () => new Promise(() => undefined),
      })
      expectEqual([codeOf(result), waitedMs], ['timeout', TIMEOUT_MS])
    },
  },
  {
    name: 'send() keeps the beginning of an endless body and cancels the rest',
    async run() {
      let cancelled = false
      let pulled = 0
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(4096).fill(97))
        },
        cancel() {
          cancelled = true
        },
      })
      const { result } = await send(async () => new Response(body))
      expectTrue(result.kind === 'answered', 'an answer')
      expectEqual(
        [result.body.length, result.bodyTruncated, result.status, cancelled],
        [KEPT_BYTES, true, 200, true],
      )
      expectTrue(pulled < 10, `few reads, not ${pulled}`)
    },
  },
  {
    name: 'send() ends a body of endlessly many empty chunks',
    async run() {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(0))
        },
      })
      const { result } = await send(async () => new Response(body))
      expectEqual(
        [result.kind, result.kind === 'answered' && result.bodyTruncated],
        ['answered', true],
      )
    },
  },
  {
    name: 'send() takes what a slow body has sent by the time limit; the status counts',
    async run() {
      const clock = createFakeClock()
      let timer = (): void => undefined
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const drip = (): void => {
            controller.enqueue(new Uint8Array([97]))
            timer = clock.setTimer(drip, 1000)
          }
          drip()
        },
        cancel() {
          timer()
        },
      })
      const { result, waitedMs } = await send(async () => new Response(body, { status: 202 }), {
        clock,
      })
      expectTrue(result.kind === 'answered', 'an answer')
      expectEqual([result.status, result.bodyTruncated, waitedMs], [202, true, TIMEOUT_MS])
      expectTrue(/^a{10,16}$/.test(result.body), `what had come, not ${result.body}`)
    },
  },
  {
    name: 'send() takes what a body had sent before it stalled',
    async run() {
      let cancelled = false
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array([99])),
        cancel() {
          cancelled = true
        },
      })
      const { result, waitedMs } = await send(async () => new Response(body))
      expectTrue(result.kind === 'answered', 'an answer')
      expectEqual(
        [result.body, result.bodyTruncated, waitedMs, cancelled],
        ['c', true, TIMEOUT_MS, true],
      )
    },
  },
  {
    name: 'send() keeps the status of an answer whose body breaks off',
    async run() {
      let reads = 0
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (reads++ === 0) controller.enqueue(new Uint8Array([98]))
          else controller.error(new Error('reset'))
        },
      })
      const { result } = await send(async () => new Response(body))
      expectTrue(result.kind === 'answered', 'an answer')
      expectEqual([result.status, result.body, result.bodyTruncated], [200, 'b', true])
    },
  },
  {
    name: 'send() says nothing of the network in its errors',
    async run() {
      const { result } = await send(async () => {
        throw new TypeError('connect ECONNREFUSED 10.0.0.7:443')
      })
      expectEqual(codeOf(result), 'connect_failed')
      expectTrue(!JSON.stringify(result).includes('10.0.0.7'), 'no address in the result')
    },
  },
  {
    name: 'send() ends with its caller’s signal, before and while the request runs',
    async run() {
      const early = new AbortController()
      early.abort()
      const first = await outboundOf(() => new Promise(() => undefined)).send({
        ...requestTo('https://example.com/'),
        signal: early.signal,
      })
      const late = new AbortController()
      const running = outboundOf(() => new Promise(() => undefined)).send({
        ...requestTo('https://example.com/'),
        signal: late.signal,
      })
      late.abort()
      expectEqual([codeOf(first), codeOf(await running)], ['aborted', 'aborted'])
    },
  },
  {
    name: 'defaultFetch() judges addresses as it connects, but on Workers',
    async run() {
      const isWorkerd = navigator.userAgent === 'Cloudflare-Workers'
      const fetch = defaultFetch({})
      expectEqual(judgesAddresses(fetch), !isWorkerd)
      if (isWorkerd) return
      for (const host of ['127.0.0.1', 'localhost'])
        await expectRejection(
          () => fetch(`http://${host}:65530/`, {}),
          (error) => error instanceof Error && 'code' in error && error.code === 'address_refused',
          `${host} to be refused`,
        )
    },
  },
  {
    name: 'send() tells a refused connection from others, where the runtime does',
    async run() {
      const outbound = createOutbound({
        fetch: systemFetch,
        clock: systemClock,
        resolve: null,
        policy: { allowPrivateNetworks: 'for local development' },
      })
      const result = await outbound.send(requestTo('http://127.0.0.1:65530/'))
      // Workers are told no reason.
      const isTold = navigator.userAgent !== 'Cloudflare-Workers'
      expectEqual(codeOf(result), isTold ? 'connection_refused' : 'connect_failed')
      expectTrue(!JSON.stringify(result).includes('65530'), 'no address in the result')
    },
  },
  {
    name: 'send() gives an answer that came too late back to its connection',
    async run() {
      const clock = createFakeClock()
      const answer = Promise.withResolvers<Response>()
      const { result } = await send(() => answer.promise, { clock })
      const cancelled = Promise.withResolvers<boolean>()
      answer.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve(true) })))
      expectEqual([codeOf(result), await cancelled.promise], ['timeout', true])
    },
  },
]

interface SendOptions {
  readonly resolve?: HostResolver
  readonly clock?: FakeClock
}

function outboundOf(
  fetch: FetchClient,
  { resolve = async () => [PUBLIC], clock = createFakeClock() }: SendOptions = {},
): Outbound {
  return createOutbound({ fetch, clock, resolve, policy: {} })
}

function requestTo(url: string): Parameters<Outbound['send']>[0] {
  return {
    url,
    headers: { a: 'b' },
    body: new Uint8Array([0, 255, 123]),
    timeoutMs: TIMEOUT_MS,
    responseBytes: KEPT_BYTES,
  }
}

/** Sends, and lets time pass until there is a result. */
async function send(
  fetch: FetchClient,
  { clock = createFakeClock(), ...options }: SendOptions = {},
): Promise<{ readonly result: OutboundResult; readonly waitedMs: number }> {
  const startedAt = clock.now()
  let done = false
  const sending = outboundOf(fetch, { ...options, clock })
    .send(requestTo('https://example.com/hook'))
    .finally(() => (done = true))
  while (!done && clock.now() - startedAt < TIMEOUT_MS) {
    // A turn of the event loop, for what settles outside the promise queue.
    await new Promise((resolve) => setTimeout(resolve, 0))
    if (!done) await clock.advance(1000)
  }
  const result = await sending
  return { result, waitedMs: result.durationMs }
}

function codeOf(result: OutboundResult): string | number {
  return result.kind === 'failed' ? result.code : result.status
}
