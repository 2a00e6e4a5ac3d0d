import { BackendError } from '../../ports/backend-error.ts'

/**
 * A connected Redis client of the caller's choice, known by the one method that is called: ioredis
 * (`call`), Bun's `RedisClient` (`send`), node-redis (`sendCommand`) or `@upstash/redis` (`eval`).
 */
export type ScriptClient = CallingClient | SendingClient | CommandingClient | EvaluatingClient

/** ioredis: `Redis` and `Cluster`. */
export interface CallingClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** Bun: `RedisClient`. */
export interface SendingClient {
  send(command: string, args: string[]): Promise<unknown>
}

/** node-redis: what `createClient` makes. */
export interface CommandingClient {
  sendCommand(args: string[]): Promise<unknown>
}

/** `@upstash/redis`: `Redis`, with or without automatic deserialization. */
export interface EvaluatingClient {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
}

/**
 * Runs one `EVAL`. Its reply is a list of texts none of which is JSON, so that it arrives unchanged
 * also through a client that decodes JSON on its own.
 */
export type EvaluateScript = (
  script: string,
  keys: readonly string[],
  args: readonly string[],
) => Promise<readonly string[]>

/** @throws TypeError when `client` is none of {@link ScriptClient} */
export function scriptEvaluator(client: ScriptClient): EvaluateScript {
  const evaluate = evalOf(client)
  return async (script, keys, args) => {
    let reply: unknown
    try {
      reply = await evaluate(script, keys, args)
    } catch (error) {
      throw toBackendError(error)
    }
    if (Array.isArray(reply) && reply.every((text) => typeof text === 'string')) return reply
    throw new BackendError(
      'backend_failed',
      'Cannot add jobs to BullMQ: the reply of Redis is no list of texts, as the script answers',
    )
  }
}

type Evaluate = (
  script: string,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>

function evalOf(client: ScriptClient): Evaluate {
  // ioredis also has sendCommand and eval, each of its own kind, so `call` is asked for first.
  if (has(client, 'call'))
    return (script, keys, args) =>
      client.call('EVAL', script, String(keys.length), ...keys, ...args)
  if (has(client, 'send'))
    return (script, keys, args) =>
      client.send('EVAL', [script, String(keys.length), ...keys, ...args])
  if (has(client, 'sendCommand'))
    return (script, keys, args) =>
      client.sendCommand(['EVAL', script, String(keys.length), ...keys, ...args])
  if (has(client, 'eval')) return (script, keys, args) => client.eval(script, [...keys], [...args])
  throw new TypeError(
    'Cannot use Redis client: it has no call, send, sendCommand or eval, a client of ioredis, Bun, node-redis or @upstash/redis expected',
  )
}

function has<Name extends string>(
  client: ScriptClient,
  name: Name,
): client is Extract<ScriptClient, Readonly<Record<Name, unknown>>> {
  // Plain JavaScript may give an address instead.
  return typeof Reflect.get(Object(client), name) === 'function'
}

/**
 * Says whether the server answered; `cause` has its words without the command, which holds the
 * jobs' data.
 */
function toBackendError(error: unknown): BackendError {
  const words = error instanceof Error ? error.message : 'the client threw no Error'
  const cause = new Error(words.split(', command was: ')[0])
  const reply = /^(?:Command failed: )?([A-Z]{2,})\b/.exec(cause.message)?.[1]
  if (reply === undefined || (reply.startsWith('E') && reply !== 'ERR'))
    return new BackendError(
      'backend_unavailable',
      'Cannot add jobs to BullMQ: the connection to Redis failed, whether they were added is not known',
      { cause },
    )
  const code = reply === 'OOM' || reply === 'BUSY' ? 'backend_overloaded' : 'backend_failed'
  return new BackendError(code, `Cannot add jobs to BullMQ: Redis refused with ${reply}`, { cause })
}
