import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What stands in for a vendor: keeps what it is asked and answers as told. */
export interface VendorRecorder {
  readonly url: string
  readonly requests: readonly RecordedRequest[]
  /** @returns The only request since the last call */
  take(): RecordedRequest
  /** How it answers from now on. Default 200 and `{}`. */
  answer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void
  close(): Promise<void>
}

/** Starts on a free loopback port. */
export async function startVendorRecorder(): Promise<VendorRecorder> {
  const requests: RecordedRequest[] = []
  let status = 200
  let body: unknown = {}
  let headers: Readonly<Record<string, string>> = {}
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        requests.push({
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          body: Buffer.concat(chunks),
        })
        response
          .writeHead(status, { 'content-type': 'application/json', ...headers })
          .end(typeof body === 'string' ? body : JSON.stringify(body))
      })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return [...requests]
    },
    take() {
      const taken = requests.splice(0)
      const [only, ...more] = taken
      if (only === undefined || more.length > 0)
        throw new Error(`Expected one request, got ${taken.length}`)
      return only
    },
    answer(nextStatus, nextBody, nextHeaders = {}) {
      status = nextStatus
      body = nextBody
      headers = nextHeaders
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
