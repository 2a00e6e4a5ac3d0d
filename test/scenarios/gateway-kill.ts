import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { newRootKey } from '../../examples/gateway/local-gateway.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { writeWorkerdConfig } from '../../tools/run-workerd.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { serveWorkerd } from '../support/serve-workerd.ts'

const WORKER = join(import.meta.dirname, '../runtimes/gateway-kill.worker.ts')
const DEADLINE_MS = 30_000
const ENDPOINTS = 50
const EVENT = { id: 'evt_fan', type: 'order.paid', data: { total: 99.5 } }

/**
 * One life of workerd each: how many further deliveries are answered before it is killed, while all others that have come
 * wait for their answers, and whether the gateway has the time to write the answered ones down.
 */
const LIVES: readonly { readonly answered: number; readonly written: boolean }[] = [
  { answered: 1, written: false },
  { answered: 0, written: false },
  { answered: 1, written: true },
  { answered: 2, written: false },
  { answered: 3, written: true },
  { answered: 3, written: false },
  { answered: 4, written: true },
  { answered: 4, written: false },
  { answered: 5, written: true },
  { answered: 5, written: false },
  { answered: 6, written: true },
  { answered: 6, written: false },
]

const cases: readonly SuiteCase[] = [
  {
    name: 'one event for 50 endpoints reaches each of them, wherever the fan-out is killed, and again only where its answer was not written down',
    async run() {
      await using place = await openPlace()
      const { receiver, call } = place
      const endpoints: { readonly id: string; readonly path: string; readonly secret: string }[] =
        []
      for (let number = 0; number < ENDPOINTS; number++) {
        const path = `/${number}`
        const { status, body } = await call('POST', '/v1/webhooks/endpoints', {
          url: `${receiver.url}${path}`,
        })
        expectEqual(status, 201, 'the status of a new endpoint')
        endpoints.push({ id: String(body['id']), path, secret: String(body['secret']) })
      }

      // Nobody knows whether this one was accepted, so it is sent again.
      const unanswered = call('POST', '/v1/events', EVENT).catch(() => null)
      await place.restart()
      await unanswered
      expectEqual((await call('POST', '/v1/events', EVENT)).status, 202)
      await place.restart()

      const requestsWhenWritten = new Map<string, number>()
      for (const { answered, written } of LIVES) {
        const paths = await receiver.answer(answered)
        if (written) {
          await place.delivered(endpoints.filter(({ path }) => paths.includes(path)))
          for (const path of paths) requestsWhenWritten.set(path, receiver.requestsTo(path).length)
        }
        await place.restart()
      }
      receiver.answerAll()
      await place.delivered(endpoints)

      for (const { path, secret } of endpoints) {
        const requests = receiver.requestsTo(path)
        // A life that stalls longer than the lease may send once more.
        expectTrue(
          requests.length >= 1 && requests.length <= 2 * (LIVES.length + 3),
          `${path} to get the event about once a life, not ${requests.length} times`,
        )
        for (const { headers, body } of requests) {
          expectEqual(headers['webhook-id'], EVENT.id, 'the id that receivers tell doubles by')
          expectEqual(body, requests[0]?.body, 'the body of each attempt')
          new Webhook(secret).verify(body, headers)
        }
      }
      for (const [path, count] of requestsWhenWritten)
        expectEqual(receiver.requestsTo(path).length, count, `the requests to ${path}`)
    },
  },
]

interface CallResult {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** The gateway in `workerd serve` on one disk, and who receives its webhooks. */
interface Place extends AsyncDisposable {
  readonly receiver: Awaited<ReturnType<typeof openReceiver>>
  call(method: string, path: string, json?: unknown): Promise<CallResult>
  restart(): Promise<void>
  /** Resolves once the records say that these are delivered; none may say so that has not been answered. */
  delivered(endpoints: readonly { readonly id: string }[]): Promise<void>
}

async function openPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-kill-'))
  const receiver = await openReceiver()
  const key = newRootKey()
  const config = await writeWorkerdConfig({
    entry: WORKER,
    directory,
    texts: {
      ROOT_KEY_SHA256: createHash('sha256').update(key).digest('hex'),
      RETRY_DELAYS_MS: '100,100,100',
      ALLOW_PRIVATE_RECEIVERS: 'for local development',
    },
    listen: '127.0.0.1:0',
  })
  let server = await serveWorkerd(config)

  async function call(method: string, path: string, json?: unknown): Promise<CallResult> {
    const response = await fetch(new URL(path, server.url), {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
    // Every route answers with an object.
    return { status: response.status, body: (await response.json()) as CallResult['body'] }
  }

  return {
    receiver,
    call,
    async restart() {
      await server.kill()
      receiver.forget()
      server = await serveWorkerd(config)
    },
    async delivered(endpoints) {
      for (const until = Date.now() + DEADLINE_MS; ;) {
        const { body } = await call('GET', '/v1/deliveries?state=delivered&limit=1000')
        // The route's answer is a page of deliveries.
        const deliveries = body['deliveries'] as readonly { readonly endpointId: string }[]
        const ids = new Set(deliveries.map(({ endpointId }) => endpointId))
        expectTrue(ids.size <= receiver.answered(), 'not more delivered than were answered')
        const missing = endpoints.filter(({ id }) => !ids.has(id)).length
        if (missing === 0) return
        expectTrue(Date.now() < until, `every answered delivery to be recorded, ${missing} are not`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await receiver.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

interface ReceivedRequest {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** Many endpoints, whose requests wait for their answers until told. */
async function openReceiver() {
  const requests: ReceivedRequest[] = []
  const answered = new Set<string>()
  const waiting = new Map<string, () => void>()
  let arrived = Promise.withResolvers<void>()
  let answersAll = false

  const server = createServer((incoming, response) => {
    const chunks: Uint8Array[] = []
    incoming.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    incoming.on('end', () => {
      const path = incoming.url ?? ''
      // Each header of a webhook is there once.
      const headers = incoming.headers as Record<string, string>
      requests.push({ path, headers, body: Buffer.concat(chunks).toString() })
      const answer = (): void => {
        answered.add(path)
        waiting.delete(path)
        response.writeHead(204).end()
      }
      if (answersAll) return answer()
      waiting.set(path, answer)
      // Who asked was killed.
      response.on('close', () => waiting.get(path) === answer && waiting.delete(path))
      arrived.resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requestsTo: (path: string) => requests.filter((request) => request.path === path),
    /** How many endpoints have answered. */
    answered: () => answered.size,
    /** Answers so many of the requests that wait, once there are as many and one more. @returns Their paths */
    async answer(count: number): Promise<readonly string[]> {
      const late = AbortSignal.timeout(DEADLINE_MS)
      const tooLate = once(late, 'abort')
      while (waiting.size <= count) {
        arrived = Promise.withResolvers()
        await Promise.race([arrived.promise, tooLate])
        if (late.aborted) throw new Error(`Expected over ${count} requests, ${waiting.size} wait`)
      }
      const taken = [...waiting].slice(0, count)
      for (const [, answer] of taken) answer()
      return taken.map(([path]) => path)
    },
    answerAll() {
      answersAll = true
      for (const answer of waiting.values()) answer()
    },
    /** Nobody waits any more: who asked was killed. */
    forget: () => waiting.clear(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const suite = { subject: 'Gateway killed', adapter: 'durable-objects', cases }
const failed = await runSuites('workerd', [suite], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
