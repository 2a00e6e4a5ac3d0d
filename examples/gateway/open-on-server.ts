import { pinnedFetch } from '@white-cross/reuse/infrastructure/runtime/node'
import { systemClock, systemRandom } from '@white-cross/reuse/infrastructure/runtime/ports'
import { runServices } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { fileSystem } from '@white-cross/reuse/infrastructure/storage/file-system'
import type { ServerEnvironment } from './access/client-of.ts'
import { composeGateway } from './compose-gateway.ts'
import { MOST_FRAME_CHARS } from './listeners/frames.ts'
import type { RelaySocket, SocketEvents } from './listeners/listeners.ts'
import { createLocalListeners } from './listeners/local-listeners.ts'
import { connectionOf } from './listeners/upgrades.ts'
import type { GatewayVariables } from './settings.ts'

/** What a server sets beside the gateway's own variables. */
export interface ServerVariables extends GatewayVariables {
  /** A Redis that keeps everything: `redis://…`. Default: none. */
  readonly REDIS_URL?: string
  /** A Redis over HTTP, as Upstash has it; both or neither. Default: none. */
  readonly UPSTASH_REDIS_REST_URL?: string
  readonly UPSTASH_REDIS_REST_TOKEN?: string
  /** Where everything is kept without a Redis. Default `./gateway.db`. */
  readonly DATABASE?: string
  /** The folder of files. Default `./files`. */
  readonly FILES?: string
  /** Default 8787. */
  readonly PORT?: string
}

export type { RelaySocket, SocketEvents } from './listeners/listeners.ts'
/**
 * The most bytes of a frame that a program which listens may send: a server should cut it off as it
 * comes. A character of UTF-8 has four bytes at most.
 */
export const MOST_FRAME_BYTES = 4 * MOST_FRAME_CHARS

/**
 * Makes a WebSocket of a request, as the server does it.
 *
 * @param open Is called with the socket once it is there; what it answers hears of it
 * @returns What the server is to be answered with
 */
export type Upgrade = (open: (socket: RelaySocket) => SocketEvents) => Response

/** The gateway on a server. */
export interface ServerGateway {
  readonly port: number
  /** What it keeps everything in, without an address. */
  readonly backend: 'redis' | 'upstash' | 'sqlite'
  /**
   * @param connection The server's word on whom it is connected to
   * @param upgrade Makes WebSockets. Default: listeners get none
   */
  fetch(
    request: Request,
    connection?: ServerEnvironment['connection'],
    upgrade?: Upgrade,
  ): Promise<Response>
  /** Works on everything until the signal aborts: what runs is finished or given back. */
  run(signal: AbortSignal): Promise<void>
  close(): void
}

/**
 * Opens the gateway: the same routes and services as the Worker's.
 *
 * @throws RangeError when a variable is malformed
 */
export async function openOnServer(variables: ServerVariables): Promise<ServerGateway> {
  const port = Number(variables.PORT ?? 8787)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError('Cannot start gateway: PORT is no whole number from 0 to 65535')
  const { kind, backend, close } = await openBackend(variables)
  const listeners = createLocalListeners({
    ...{ clock: systemClock, random: systemRandom },
    answerWithinMs: Number(variables.ATTEMPT_TIMEOUT_MS ?? 15_000),
  })
  const { app, services } = composeGateway(backend, variables, {
    bucket: fileSystem(variables.FILES ?? './files').bucket('gateway'),
    listening: {
      listeners,
      createFetch: (refusedRange) => pinnedFetch({ refusedRange }),
    },
  })
  return {
    ...{ port, backend: kind, close },
    async fetch(request, connection, upgrade) {
      const response = await app.fetch(request, connection === undefined ? {} : { connection })
      const accepted = connectionOf(request)
      if (accepted === undefined || upgrade === undefined || !response.ok) return response
      return upgrade((socket) => listeners.connect(accepted, socket))
    },
    async run(signal) {
      await runServices(services, { signal })
      // Their programs connect again, to whoever is there then.
      listeners.close()
    },
  }
}

async function openBackend(variables: ServerVariables) {
  const { REDIS_URL, DATABASE = './gateway.db' } = variables
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = variables
  if (REDIS_URL !== undefined) {
    const { Redis } = await import('ioredis')
    const client = new Redis(REDIS_URL)
    // On a connection of its own a worker hears at once of what other processes add.
    const subscriber = client.duplicate()
    const close = (): void => {
      client.disconnect()
      subscriber.disconnect()
    }
    return { kind: 'redis', backend: redis(client, { subscriber }), close } as const
  }
  if (url !== undefined && token !== undefined) {
    const { Redis } = await import('@upstash/redis')
    const backend = redis(new Redis({ url, token, automaticDeserialization: false }))
    return { kind: 'upstash', backend, close: () => undefined } as const
  }
  if (url !== undefined || token !== undefined)
    throw new RangeError(
      'Cannot start gateway: UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN go together',
    )
  const backend = sqlite(DATABASE)
  return { kind: 'sqlite', backend, close: () => backend.close() } as const
}
