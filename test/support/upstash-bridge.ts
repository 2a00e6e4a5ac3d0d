import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { connectResp, RespError, type RespClient, type RespReply } from './resp-client.ts'

/** Upstash's REST interface in front of a redis-server of our own. */
export interface UpstashBridge {
  readonly url: string
  readonly token: string
  /** HTTP requests answered so far. */
  requests(): number
  stop(): Promise<void>
}

/** What {@link startUpstashBridge} may be told. */
export interface UpstashBridgeOptions {
  /** The redis-server's port on loopback. */
  readonly redisPort: number
  /** Default: a free one. */
  readonly port?: number
}

type Result = { readonly result: unknown } | { readonly error: string }

const TOKEN = 'bridge-token'

/**
 * Serves `POST /` (one command), `POST /pipeline` and `POST /multi-exec` as
 * https://upstash.com/docs/redis/features/restapi describes them, with bearer tokens and base64 replies.
 */
export async function startUpstashBridge(options: UpstashBridgeOptions): Promise<UpstashBridge> {
  const redis = await connectResp(options.redisPort)
  const withoutFlags = createFlagRemover()
  let requests = 0

  const run = (command: unknown, base64: boolean): Promise<Result> =>
    sendCommand(redis, withoutFlags(toArguments(command)), base64)

  async function answer(request: IncomingMessage): Promise<readonly [number, unknown]> {
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return [401, { error: 'WRONGPASS invalid or missing auth token' }]
    const base64 = request.headers['upstash-encoding'] === 'base64'
    const body: unknown = JSON.parse(await readText(request))
    if (!Array.isArray(body)) return [400, { error: 'ERR a JSON array expected' }]
    switch (request.url) {
      case '/':
      case '': {
        const result = await run(body, base64)
        return ['error' in result ? 400 : 200, result]
      }
      case '/pipeline':
        return [200, await Promise.all(body.map((command) => run(command, base64)))]
      case '/multi-exec': {
        // One connection carries the commands in order, so nothing comes in between.
        const queued = [
          ['MULTI'],
          ...body.map((command) => withoutFlags(toArguments(command))),
        ].map((command) => redis.send(command).catch((error: unknown) => error))
        const replies = redis.send(['EXEC'])
        await Promise.all(queued)
        return [200, listOf(await replies).map((reply) => toResult(reply, base64))]
      }
      default:
        return [404, { error: `ERR no such endpoint: ${request.url}` }]
    }
  }

  const server = createServer((request, response) => {
    requests++
    void answer(request)
      .catch((error: unknown) => [400, { error: String(error) }] as const)
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null)
    throw new Error('Cannot start Upstash bridge: it has no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    token: TOKEN,
    requests: () => requests,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      redis.close()
    },
  }
}

async function sendCommand(
  redis: RespClient,
  command: readonly string[],
  base64: boolean,
): Promise<Result> {
  try {
    return toResult(await redis.send(command), base64)
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function toResult(reply: RespReply, base64: boolean): Result {
  if (reply instanceof RespError) return { error: reply.message }
  // As with Upstash, a reply that is only OK goes out plain.
  return { result: toJson(reply, base64 && reply !== 'OK') }
}

function toJson(reply: RespReply, base64: boolean): unknown {
  if (typeof reply === 'string') return base64 ? Buffer.from(reply).toString('base64') : reply
  if (reply instanceof RespError) return reply.message
  return typeof reply === 'object' && reply !== null
    ? reply.map((item) => toJson(item, base64))
    : reply
}

function listOf(reply: RespReply): readonly RespReply[] {
  return typeof reply === 'object' && reply !== null && !(reply instanceof RespError) ? reply : []
}

function toArguments(command: unknown): readonly string[] {
  if (!Array.isArray(command)) throw new TypeError('ERR a command must be a JSON array')
  return command.map((arg: unknown) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))
}

/**
 * Drops `#!lua flags=allow-key-locking`, a flag that only Upstash knows (`@upstash/ratelimit` sets it), and sends a later
 * EVALSHA of the flagged source to the source that was run.
 */
function createFlagRemover(): (command: readonly string[]) => readonly string[] {
  const barePerFlagged = new Map<string, string>()
  const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
  return (command) => {
    const name = command[0]?.toUpperCase() ?? ''
    if (name === 'EVALSHA') {
      const bare = barePerFlagged.get(command[1] ?? '')
      return bare === undefined ? command : command.with(1, bare)
    }
    const at = name === 'EVAL' ? 1 : name === 'SCRIPT' ? 2 : -1
    const source = command[at] ?? ''
    if (!/^#!lua[^\n]*allow-key-locking/.test(source)) return command
    const bare = source.slice(source.indexOf('\n') + 1)
    barePerFlagged.set(sha1(source), sha1(bare))
    return command.with(at, bare)
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
