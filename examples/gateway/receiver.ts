import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request that a {@link Receiver} got. */
export interface ReceivedRequest {
  /** 1 for the first. */
  readonly number: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A local web server that webhooks are sent to. */
export interface Receiver {
  readonly url: string
  /** Resolves with the n-th request, once it has come. */
  request(number: number): Promise<ReceivedRequest>
  /** How many have come. */
  count(): number
  close(): Promise<void>
}

/** What a {@link Receiver} answers: a status, one with a body, or never. */
export type Answer = number | { readonly status: number; readonly body: string } | 'never'

/** Starts a receiver; `answer` says what each request gets. It listens on any free port if not told. */
export async function startReceiver(
  answer: (request: ReceivedRequest) => Answer,
  listenOn = 0,
): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const waiting = new Map<number, (request: ReceivedRequest) => void>()
  const server = createServer((incoming, response) => {
    receive(incoming, response).catch(() => response.destroy())
  })

  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = []
    // An IncomingMessage without an encoding yields bytes.
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    )
    const request = {
      number: requests.length + 1,
      headers,
      body: new TextDecoder().decode(Buffer.concat(chunks)),
    }
    requests.push(request)
    waiting.get(request.number)?.(request)
    const given = answer(request)
    if (given === 'never') return
    const { status, body } = typeof given === 'number' ? { status: given, body: '' } : given
    response.writeHead(status).end(body)
  }

  await new Promise<void>((done, failed) =>
    server.once('error', failed).listen(listenOn, '127.0.0.1', done),
  )
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    async request(number) {
      return requests[number - 1] ?? new Promise((done) => waiting.set(number, done))
    },
    count: () => requests.length,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
