import { memorySink, type LogRecord } from '@white-cross/reuse/infrastructure/logging'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { systemFetch, type Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { memoryBlobs } from '@white-cross/reuse/infrastructure/storage/memory'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import {
  createFakeClock,
  createSeededRandom,
  type FakeClock,
} from '@white-cross/reuse/infrastructure/testing'
import type { Hono } from 'hono'
import { checkAnswer } from './check-answer.ts'
import { composeGateway, type ComposedGateway, type ComposeOptions } from './compose-gateway.ts'
import { sha256Hex } from './access/digest.ts'
import { createLocalListeners, type LocalListeners } from './listeners/local-listeners.ts'
import type { GatewayVariables } from './settings.ts'
import { watchBackend, type WatchedBackend } from './watch-backend.ts'

/** A gateway in a test: whole, on a memory, with a root key `root`. */
export interface TestGateway extends ComposedGateway {
  readonly app: Hono
  readonly backend: WatchedBackend
  readonly bucket: BlobStore
  readonly clock: FakeClock
  readonly lines: readonly LogRecord[]
  readonly listeners: LocalListeners
  /** Bodies of the webhooks that were sent. */
  readonly bodies: readonly string[]
  /** Calls with the root key, unless the headers say otherwise. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<TestAnswer>
  /** Does what is to be done right now, of the tenant and of webhooks. */
  drain(tenant?: string): Promise<void>
}

/** An answer, read. */
export interface TestAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Headers
}

/** Opens a gateway; each answer is compared with what its operation says. */
export async function openTestGateway(
  variables: GatewayVariables = {},
  options: ComposeOptions & { readonly backend?: Backend } = {},
): Promise<TestGateway> {
  const clock = createFakeClock()
  const { backend: given = memory({ clock }), ...rest } = options
  const backend = watchBackend(given)
  const bucket = rest.bucket ?? memoryBlobs({ clock }).bucket('files')
  const random = createSeededRandom()
  const listeners = createLocalListeners({ clock, random, answerWithinMs: 15_000 })
  const sink = memorySink()
  const bodies: string[] = []
  const composed = composeGateway(
    backend,
    {
      ROOT_KEY_SHA256: await sha256Hex('root'),
      BODY_TIMEOUT_MS: '50',
      REQUESTS_PER_MINUTE: '100000',
      TENANT_REQUESTS_PER_MINUTE: '100000',
      ...variables,
    },
    {
      ...{ sinks: [sink], clock, random, onAnswer: checkAnswer },
      listening: { listeners, createFetch: () => systemFetch },
      ...rest,
      bucket,
      webhooks: {
        resolve: async () => ['93.184.216.34'],
        fetch: async (_url, { body }) => {
          bodies.push(new TextDecoder().decode(body as Uint8Array))
          return new Response()
        },
        ...rest.webhooks,
      },
    },
  )
  const { app, services } = composed
  return {
    ...{ ...composed, backend, bucket, clock, listeners, bodies, lines: sink.records },
    async drain(tenant = 'default') {
      const own = await composed.tenants.toRead(tenant)
      for (const work of [...services, ...own.services] as readonly unknown[])
        if (canDrain(work)) await work.drain()
    },
    async call(method, path, body, headers = {}) {
      const isRaw =
        typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
      const sent = body === undefined || isRaw ? body : JSON.stringify(body)
      const response = await app.request(path, {
        method,
        headers: { authorization: 'Bearer root', 'content-type': 'application/json', ...headers },
        // What it is was looked at above.
        ...(sent !== undefined && { body: sent as BodyInit, duplex: 'half' }),
      })
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return {
        status: response.status,
        headers: response.headers,
        body: isJson && text !== '' ? (JSON.parse(text) as TestAnswer['body']) : {},
      }
    },
  }
}

function canDrain(work: unknown): work is { drain(): Promise<unknown> } {
  return (
    typeof work === 'object' && work !== null && 'drain' in work && typeof work.drain === 'function'
  )
}
