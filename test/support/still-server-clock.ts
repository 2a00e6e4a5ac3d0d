import { encodeHex } from '../../src/primitives/hex.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import {
  evaluatorOf,
  keepsOrder,
  type RedisConnection,
} from '../../src/runtime/backends/redis/connection.ts'

const READS_CLOCK = "redis.call('TIME')"

/**
 * The same server, whose clock stands still at `at` ms for every script that is sent: what a law
 * finds due does then not depend on how long the machine took to get there. Keys that expire, and
 * so rate limits, still go by the server's own clock.
 */
export function withStillServerClock(connection: RedisConnection, at: number): RedisConnection {
  const evaluate = evaluatorOf(connection)
  const still = `{'${Math.floor(at / 1000)}','${(at % 1000) * 1000}'}`
  /** The SHA-1 of what is sent, by that of the script it was made of. */
  const sent = new Map<string, string>()

  async function run(
    command: 'EVAL' | 'EVALSHA',
    script: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    if (command === 'EVALSHA') {
      const known = sent.get(script)
      if (known === undefined) throw new Error('NOSCRIPT It was not sent yet')
      return await evaluate('EVALSHA', known, keys, args)
    }
    const source = script.replaceAll(READS_CLOCK, still)
    const [before, after] = await Promise.all([sha1Of(script), sha1Of(source)])
    const reply = await evaluate('EVAL', source, keys, args)
    sent.set(before, after)
    return reply
  }

  if (!keepsOrder(connection))
    return {
      eval: (script, keys, args) => run('EVAL', script, keys, args),
      evalsha: (sha1, keys, args) => run('EVALSHA', sha1, keys, args),
    }
  return {
    async call(command, script = '', count = '0', ...rest) {
      if (command !== 'EVAL' && command !== 'EVALSHA')
        throw new TypeError(`Cannot call ${command}: a script expected`)
      const keys = Number(count)
      return await run(command, script, rest.slice(0, keys), rest.slice(keys))
    },
  }
}

async function sha1Of(text: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-1', encodeUtf8(text))))
}
