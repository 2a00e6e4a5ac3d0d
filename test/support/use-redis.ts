import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { startRedisServer, type RedisServer } from './redis-server.ts'
import { connectResp, type RespClient } from './resp-client.ts'

/** What a test file on Redis works with, once its tests run. */
export interface UsedRedis {
  readonly server: RedisServer
  /** What the backend under test is given. */
  readonly connection: Redis
  /** Looks at the server past the backend. */
  readonly admin: RespClient
}

/** Gives the tests of this file a redis-server of their own, emptied before each. Its properties are there while tests run. */
export function useRedis(): UsedRedis {
  let used: UsedRedis | undefined
  beforeAll(async () => {
    const server = await startRedisServer()
    used = { server, connection: new Redis(server.url), admin: await connectResp(server.port) }
  })
  afterAll(async () => {
    used?.connection.disconnect()
    used?.admin.close()
    await used?.server.stop()
  })
  beforeEach(async () => {
    await used?.admin.send(['FLUSHALL'])
  })
  const running = (): UsedRedis => {
    if (used === undefined) throw new Error('Cannot use Redis: no test runs')
    return used
  }
  return {
    get server() {
      return running().server
    },
    get connection() {
      return running().connection
    },
    get admin() {
      return running().admin
    },
  }
}
