import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { connectResp } from './resp-client.ts'

/** A redis-server of our own on loopback, without persistence. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends the server, with `SIGKILL` as a crash would, and resolves when it is gone. Twice does nothing. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** What {@link startRedisServer} may be told. */
export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number
  /** Further arguments of redis-server. Default: none. */
  readonly args?: readonly string[]
}

const ATTEMPTS = 200
const BETWEEN_ATTEMPTS_MS = 25

/**
 * Starts redis-server and waits until it answers. It ends with this process at the latest.
 *
 * @throws Error when redis-server is not installed or does not answer
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await findFreePort())
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', '/tmp']
  const transient = ['--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', [...address, ...transient, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Uint8Array) => log.push(new TextDecoder().decode(chunk)))
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  let ended: string | undefined
  const end = new Promise<void>((resolve) => {
    const onEnd = (why: string): void => {
      ended = why
      process.off('exit', killNow)
      resolve()
    }
    child.once('error', (error) => onEnd(error.message))
    child.once('exit', (code, signal) => onEnd(`exit ${code ?? signal}`))
  })

  for (let attempt = 0; !(await answersPing(port)); attempt++) {
    if (ended !== undefined || attempt === ATTEMPTS) {
      killNow()
      throw new Error(
        `Cannot start redis-server on port ${port}: ${ended ?? 'no answer'}, an answer to PING expected\n${log.join('')}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS))
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async stop(signal = 'SIGTERM') {
      if (ended === undefined) child.kill(signal)
      await end
    },
  }
}

async function answersPing(port: number): Promise<boolean> {
  try {
    const client = await connectResp(port)
    try {
      return (await client.send(['PING'])) === 'PONG'
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
