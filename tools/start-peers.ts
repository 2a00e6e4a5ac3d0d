import { startAzurite } from '../test/support/azurite.ts'
import { startEchoServer } from '../test/support/echo-server.ts'
import { startRedisServer } from '../test/support/redis-server.ts'
import { startS3rver } from '../test/support/s3rver.ts'
import { startUpstashBridge } from '../test/support/upstash-bridge.ts'

/** The servers that some adapters talk to. */
export interface Peers extends AsyncDisposable {
  /** Where to find them, as the runners of `test/runtimes` read it from their environment. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Starts a redis-server, Upstash's REST interface in front of it, servers for blobs of S3 and of
 * Azure, and a web server for requests.
 */
export async function startPeers(): Promise<Peers> {
  const redis = await startRedisServer()
  const upstash = await startUpstashBridge({ redisPort: redis.port })
  const [echo, s3rver, azurite] = await Promise.all([
    startEchoServer(),
    startS3rver(),
    startAzurite(),
  ])
  return {
    env: {
      REDIS_URL: redis.url,
      UPSTASH_URL: upstash.url,
      UPSTASH_TOKEN: upstash.token,
      ECHO_URL: echo.url,
      DEAD_URL: echo.deadUrl,
      S3RVER_URL: s3rver.url,
      AZURITE_URL: azurite.url,
    },
    async [Symbol.asyncDispose]() {
      await azurite.stop()
      await s3rver.stop()
      await echo.stop()
      await upstash.stop()
      await redis.stop()
    },
  }
}
