import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectResp } from './resp-client.ts'

/** A redis-server of our own on loopback, without persistence. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Where other nodes of its cluster speak to it; 0 outside of one. */
  readonly busPort: number
  /** Ends the server, with `SIGKILL` as a crash would, and resolves when it is gone. Twice does nothing. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** What {@link startRedisServer} may be told. */
export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number
  /** Where the server keeps its files. Default: a directory of its own, gone when it stops. */
  readonly directory?: string
  /** Whether it is a cluster of one, serving all slots, or the first and last of the slots that it serves. Default false. */
  readonly cluster?: boolean | readonly [first: number, last: number]
  /** Further arguments of redis-server. Default: none. */
  readonly args?: readonly string[]
}

/** Becomes the server, after starting a guard that kills it when this process has ended, however it ended. */
const GUARDED = `
exec 3<&0
(cat <&3; kill -9 $$) >/dev/null 2>&1 &
exec redis-server "$@" 3<&-`

const ATTEMPTS = 200
const BETWEEN_ATTEMPTS_MS = 25

/**
 * Starts redis-server and waits until it answers. It ends with this process at the latest.
 *
 * @throws Error when redis-server is not installed or does not answer
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { cluster = false, args = [] } = options
  const port = options.port ?? (await findFreePort())
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'redis-')))
  const busPort = cluster === false ? 0 : await findFreePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'no',
    ...(cluster !== false && {
      'cluster-enabled': 'yes',
      'cluster-announce-ip': '127.0.0.1',
      'cluster-port': busPort,
    }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('sh', ['-c', GUARDED, 'redis-server', ...flags, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Uint8Array) => log.push(new TextDecoder().decode(chunk)))
  let ended: string | undefined
  const end = new Promise<void>((resolve) => {
    const onEnd = (why: string): void => {
      ended = why
      resolve()
    }
    child.once('error', (error) => onEnd(error.message))
    child.once('exit', (code, signal) => onEnd(`exit ${code ?? signal}`))
  })

  for (let attempt = 0; !(await isReady(port, cluster)); attempt++) {
    if (ended !== undefined || attempt === ATTEMPTS) {
      child.kill('SIGKILL')
      throw new Error(
        `Cannot start redis-server on port ${port}: ${ended ?? 'no answer'}, an answer expected\n${log.join('')}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS))
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    busPort,
    async stop(signal = 'SIGTERM') {
      if (ended === undefined) child.kill(signal)
      await end
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

async function isReady(
  port: number,
  cluster: boolean | readonly [number, number],
): Promise<boolean> {
  try {
    const client = await connectResp(port)
    try {
      if ((await client.send(['PING'])) !== 'PONG') return false
      if (cluster === false) return true
      const [first, last] = cluster === true ? [0, 16_383] : cluster
      const state = String(await client.send(['CLUSTER', 'INFO']))
      if (state.includes('cluster_slots_assigned:0'))
        await client.send(['CLUSTER', 'ADDSLOTSRANGE', String(first), String(last)])
      // One that serves a part is well once it has met the others.
      if (cluster !== true) return true
      return state.includes('cluster_state:ok')
    } finally {
      client.close()
    }
  } catch {
    return false
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('Cannot find a free port: the probe has no address')),
      )
    })
  })
}
