import { Redis as UpstashRedis } from '@upstash/redis'
import { Redis } from 'ioredis'
import { redisSuites } from '../conformance/redis.ts'
import { runSuites } from '../conformance/run-suites.ts'
import { startRedisServer } from './redis-server.ts'
import { startUpstashBridge } from './upstash-bridge.ts'

/**
 * Runs the port laws on a redis-server of its own: `node test/support/run-redis-laws.ts [tcp|upstash] [only]`. Deno and
 * Bun run it too; Bun goes through its own client.
 */
const [kind = 'tcp', only] = process.argv.slice(2)
const runtime = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
const server = await startRedisServer()
const failed = kind === 'upstash' ? await runUpstash() : await runTcp()
await server.stop()
process.exit(failed > 0 ? 1 : 0)

async function runTcp(): Promise<number> {
  const bun = (globalThis as { readonly Bun?: BunGlobal }).Bun
  const connection = bun === undefined ? new Redis(server.url) : new bun.RedisClient(server.url)
  const failures = await runSuites(runtime, redisSuites('redis-tcp', connection), console.log, only)
  if ('disconnect' in connection) connection.disconnect()
  else connection.close()
  return failures
}

async function runUpstash(): Promise<number> {
  const { url, token, stop } = await startUpstashBridge({ redisPort: server.port })
  const connection = new UpstashRedis({ url, token, retry: false })
  const suites = redisSuites('redis-upstash', connection)
  const failures = await runSuites(runtime, suites, console.log, only)
  await stop()
  return failures
}

/** The part of Bun's globals that is used here. */
interface BunGlobal {
  readonly RedisClient: new (url: string) => {
    send(command: string, args: string[]): Promise<unknown>
    close(): void
  }
}
