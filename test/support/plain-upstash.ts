import type { Redis as UpstashRedis } from '@upstash/redis'
import type { Redis } from 'ioredis'

/**
 * What of Upstash's client its rate limits use, on a plain Redis: one that refuses the flag in the
 * first line of their scripts.
 */
export function plainUpstash(client: Redis): UpstashRedis {
  const known = new Map<string, string>()
  const run = {
    async evalsha(hash: string, keys: string[], args: unknown[]): Promise<unknown> {
      const own = known.get(hash)
      if (own === undefined) throw new Error('NOSCRIPT No matching script')
      return client.evalsha(own, keys.length, ...keys, ...args.map(String))
    },
    async eval(script: string, keys: string[], args: unknown[]): Promise<unknown> {
      const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script))
      const sha = String(await client.script('LOAD', script.replace(/^#!.*\n/, '')))
      known.set(Buffer.from(digest).toString('hex'), sha)
      return client.evalsha(sha, keys.length, ...keys, ...args.map(String))
    },
  }
  // Their limiters call nothing else of it.
  return run as unknown as UpstashRedis
}
