import type { FetchClient } from '../../src/runtime/ports/platform/fetch-client.ts'

/** One request as a receiver got it. */
export interface ReceivedWebhook {
  readonly url: string
  readonly id: string
  readonly headers: Headers
  readonly body: string
  readonly init: RequestInit
}

/** A network in which every host is this receiver. */
export interface WebhookReceiver {
  readonly fetch: FetchClient
  readonly received: ReceivedWebhook[]
  /** @returns The requests to one URL */
  to(url: string): readonly ReceivedWebhook[]
}

/** @param answer Answers a request; `count` is how many came to its URL, this one included. Default: 200 */
export function createWebhookReceiver(
  answer: (request: ReceivedWebhook, count: number) => Response | Promise<Response> = () =>
    new Response('ok'),
): WebhookReceiver {
  const received: ReceivedWebhook[] = []
  const to = (url: string): readonly ReceivedWebhook[] =>
    received.filter((request) => request.url === url)
  return {
    received,
    to,
    async fetch(url, init) {
      const headers = new Headers(init.headers)
      const body = new TextDecoder().decode(init.body as Uint8Array<ArrayBuffer>)
      const request = { url, id: headers.get('webhook-id') ?? '', headers, body, init }
      received.push(request)
      return answer(request, to(url).length)
    },
  }
}
