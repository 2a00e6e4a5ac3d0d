import { expectEqual, expectRejection, type Law } from '../conformance.ts'
import type { FetchClient } from './fetch-client.ts'

/** What an adapter supplies to have {@link fetchClientLaws} run against it. */
export interface FetchClientHarness {
  open(): Promise<FetchClient>
  /** An HTTP server that answers as the laws ask by path. */
  readonly url: string
  /** A URL of this machine that nobody listens at. */
  readonly deadUrl: string
}

/**
 * What the laws' server does: it answers a request's method, headers and body as JSON, redirects
 * `/redirect`, and never answers `/never`.
 */
export interface EchoedRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** Each byte as two hex digits. */
  readonly body: string
}

/** What every {@link FetchClient} keeps to; an adapter is correct when it passes them. */
export const fetchClientLaws: readonly Law<FetchClientHarness>[] = [
  {
    name: 'a request carries its method, headers and exact bytes',
    async run({ open, url }) {
      const send = await open()
      const body = new Uint8Array([0, 255, 10, 13, 128])
      const headers = { 'x-law': 'a, b', 'content-type': 'application/octet-stream' }
      const response = await send(`${url}/echo`, { method: 'PUT', headers, body })
      expectEqual(response.status, 200)
      // The laws' server answers so.
      const echo = (await response.json()) as EchoedRequest
      expectEqual([echo.method, echo.body], ['PUT', '00ff0a0d80'])
      expectEqual(
        [echo.headers['x-law'], echo.headers['content-type']],
        ['a, b', 'application/octet-stream'],
      )
    },
  },
  {
    name: 'an answer that is an error is an answer, with its status, headers and body',
    async run({ open, url }) {
      const response = await (await open())(`${url}/status/503`, { method: 'POST' })
      expectEqual(
        [response.status, response.headers.get('retry-after'), await response.text()],
        [503, '7', 'sorry'],
      )
    },
  },
  {
    name: 'redirect manual does not follow',
    async run({ open, url }) {
      const response = await (await open())(`${url}/redirect`, { redirect: 'manual' })
      // Browsers and some runtimes hide the status of a redirect.
      expectEqual(
        response.status === 302 || response.status === 0,
        true,
        `a redirect, not ${response.status}`,
      )
      await response.body?.cancel()
    },
  },
  {
    name: 'no answer is a rejection: nobody listens, or the signal aborted before or while waiting',
    async run({ open, url, deadUrl }) {
      const send = await open()
      await expectRejection(
        () => send(deadUrl, {}),
        () => true,
        'a connection refused to reject',
      )
      const before = AbortSignal.abort()
      await expectRejection(
        () => send(`${url}/echo`, { signal: before }),
        () => true,
        'an aborted signal to reject',
      )
      const stop = new AbortController()
      const waiting = send(`${url}/never`, { signal: stop.signal })
      stop.abort()
      await expectRejection(
        () => waiting,
        () => true,
        'an abort while waiting to reject',
      )
    },
  },
]
