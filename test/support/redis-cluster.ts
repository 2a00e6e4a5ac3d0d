import { startRedisServer, type RedisServer } from './redis-server.ts'
import { connectResp } from './resp-client.ts'

/** A cluster of three masters on loopback, which share the slots. */
export interface RedisCluster {
  readonly ports: readonly number[]
  stop(): Promise<void>
}

const SLOTS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const
const ATTEMPTS = 400
const BETWEEN_ATTEMPTS_MS = 25

/** Starts it, and waits until each master knows the whole. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const servers: RedisServer[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers) await server.stop()
  }
  try {
    for (const cluster of SLOTS) servers.push(await startRedisServer({ cluster }))
    const admins = await Promise.all(servers.map(({ port }) => connectResp(port)))
    try {
      for (const { port, busPort } of servers.slice(1))
        await admins[0]?.send(['CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort)])
      for (const admin of admins)
        for (let attempt = 0; ; attempt++) {
          const info = String(await admin.send(['CLUSTER', 'INFO']))
          if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) break
          if (attempt === ATTEMPTS) throw new Error(`Cannot start Redis cluster: ${info}`)
          await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS))
        }
    } finally {
      for (const admin of admins) admin.close()
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { ports: servers.map(({ port }) => port), stop }
}
