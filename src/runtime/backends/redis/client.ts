import { settleWithin } from '../../../primitives/settle-within.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { evaluatorOf, keepsOrder, type RedisConnection } from './connection.ts'
import { codeOfReply, toBackendError } from './to-backend-error.ts'
import type { RedisScript } from './script.ts'

/** What the adapters ask of Redis: run one script, atomically, in one round trip. */
export interface RedisClient {
  /** Whether scripts arrive in the order in which they are sent. */
  readonly keepsOrder: boolean
  /**
   * Every reply of our scripts is a list of texts, and no text is JSON: so it arrives unchanged
   * also through a client that decodes JSON on its own.
   *
   * @throws BackendError
   */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<readonly string[]>
  /**
   * Runs a script whose whole reply is an integer, or nothing: the cheapest that Lua can answer.
   *
   * @throws BackendError
   */
  runForInteger(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<number | null>
}

/**
 * Runs scripts by their SHA-1, and sends the source where the server does not know it yet.
 *
 * @param timeoutMs Longest wait for one reply
 * @throws TypeError when the connection is of no known kind
 */
export function createRedisClient(
  connection: RedisConnection,
  clock: Clock,
  timeoutMs: number,
): RedisClient {
  const evaluate = evaluatorOf(connection)

  async function send(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const sha1 = await script.sha1()
    try {
      return await evaluate('EVALSHA', sha1, keys, args)
    } catch (error) {
      if (codeOfReply(error) !== 'NOSCRIPT') throw error
      return await evaluate('EVAL', script.source, keys, args)
    }
  }

  function sendInTime(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const reply = send(script, keys, args).catch((error: unknown) => {
      throw toBackendError(error)
    })
    return settleWithin(clock, timeoutMs, reply, () => {
      const message = `Cannot run Redis script: no reply after ${timeoutMs} ms, one is expected within that`
      throw new BackendError('backend_unavailable', message)
    })
  }

  return {
    keepsOrder: keepsOrder(connection),
    async run(script, keys, args) {
      const reply = await sendInTime(script, keys, args)
      if (isTexts(reply)) return reply
      throw new BackendError(
        'backend_failed',
        'Cannot run Redis script: the reply is no list of texts, as every script answers',
      )
    },
    async runForInteger(script, keys, args) {
      const reply = await sendInTime(script, keys, args)
      if (reply === null) return null
      // A client may be set to hand on integers as texts.
      const integer = typeof reply === 'string' && reply !== '' ? Number(reply) : reply
      if (typeof integer === 'number' && Number.isSafeInteger(integer)) return integer
      throw new BackendError(
        'backend_failed',
        'Cannot run Redis script: the reply is no integer, as the script answers',
      )
    },
  }
}

function isTexts(reply: unknown): reply is readonly string[] {
  return Array.isArray(reply) && reply.every((text) => typeof text === 'string')
}

/**
 * The same client, which asks with each call, until one was answered, that a server which evicts
 * keys refuses it: that takes no round trip of its own.
 */
export function refusingEviction(client: RedisClient): RedisClient {
  let known = false
  async function asking<Reply>(
    [first = '', ...rest]: readonly string[],
    run: (args: readonly string[]) => Promise<Reply>,
  ): Promise<Reply> {
    if (known) return run([first, ...rest])
    const reply = await run([`!${first}`, ...rest])
    known = true
    return reply
  }
  return {
    keepsOrder: client.keepsOrder,
    run: (script, keys, args) => asking(args, (asked) => client.run(script, keys, asked)),
    runForInteger: (script, keys, args) =>
      asking(args, (asked) => client.runForInteger(script, keys, asked)),
  }
}
