import { Redis } from 'ioredis'
import { durableObjects } from '../../src/runtime/backends/durable-objects/durable-objects.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { sqlite } from '../../src/runtime/backends/sqlite/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { Clock } from '../../src/runtime/ports/platform/clock.ts'
import { remoteNamespace } from './rig-calls.ts'

/** Where the rig's jobs are: a file, or the port of a Redis server or a workerd. */
export type RigStore =
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'redis'; readonly port: number }
  | { readonly type: 'durable-objects'; readonly port: number }

export interface OpenBackend {
  readonly backend: Backend
  close(): void
}

export function openRigBackend(store: RigStore, clock: Clock): OpenBackend {
  if (store.type === 'sqlite') {
    // A process may be killed at any moment, but the machine is not.
    const backend = sqlite(store.path, { clock, synchronous: 'normal' })
    return { backend, close: () => backend.close() }
  }
  if (store.type === 'durable-objects')
    return { backend: durableObjects(remoteNamespace(store.port)), close: () => undefined }
  const connect = (): Redis => {
    const client = new Redis({
      port: store.port,
      host: '127.0.0.1',
      retryStrategy: () => 100,
      maxRetriesPerRequest: null,
    })
    // It is tried again; what was asked fails by its own timeout.
    client.on('error', () => undefined)
    return client
  }
  const client = connect()
  const subscriber = connect()
  return {
    backend: redis(client, { subscriber, clock, timeout: 2000 }),
    close() {
      client.disconnect()
      subscriber.disconnect()
    },
  }
}
