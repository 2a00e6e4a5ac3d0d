import type { BackendFault } from '../../ports/backend.ts'
import { BackendError } from '../../ports/backend-error.ts'
import type { RedisClient } from './client.ts'
import type { RedisConnection } from './connection.ts'
import { nameOfError } from './name-of-error.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/** Each command that scripts carry out, with arguments of a call that leaves nothing behind. */
const PROBES: readonly (readonly [command: string, ...args: string[]])[] = [
  ['HSET', 'KEY', 'f', '1'],
  ['HGET', 'KEY', 'f'],
  ['HLEN', 'KEY'],
  ['HMGET', 'KEY', 'f'],
  ['HEXISTS', 'KEY', 'f'],
  ['HINCRBY', 'KEY', 'f', '1'],
  ['PEXPIRE', 'KEY', '60000'],
  ['PTTL', 'KEY'],
  ['PERSIST', 'KEY'],
  ['HDEL', 'KEY', 'f'],
  ['DEL', 'KEY'],
  ['ZADD', 'KEY', '0', 'm'],
  ['ZCARD', 'KEY'],
  ['ZCOUNT', 'KEY', '-inf', '+inf'],
  ['ZLEXCOUNT', 'KEY', '-', '+'],
  ['ZRANGE', 'KEY', '0', '0'],
  ['ZRANGEBYLEX', 'KEY', '-', '+'],
  ['ZREVRANGEBYLEX', 'KEY', '+', '-'],
  ['ZRANGEBYSCORE', 'KEY', '-inf', '+inf'],
  ['ZSCORE', 'KEY', 'm'],
  ['ZREM', 'KEY', 'm'],
  ['ZREMRANGEBYRANK', 'KEY', '0', '0'],
  ['XADD', 'KEY', '*', 'e', '1'],
  ['XTRIM', 'KEY', 'MAXLEN', '1'],
  ['XRANGE', 'KEY', '-', '+'],
  ['XREVRANGE', 'KEY', '+', '-'],
  ['DEL', 'KEY'],
  ['SET', 'KEY', '1', 'PX', '60000'],
  ['GET', 'KEY'],
  ['DEL', 'KEY'],
  ['PUBLISH', 'KEY', ''],
  ['TIME'],
  ['INFO', 'replication'],
]

/** Every command that a user of the server's ACL must be let run, `SUBSCRIBE` aside. */
export const REDIS_COMMANDS: readonly string[] = [
  ...new Set(['EVAL', 'EVALSHA', ...PROBES.map(([command]) => command)]),
].toSorted((a, b) => (a < b ? -1 : 1))

const OLDEST = [6, 2] as const

/**
 * → version, role, `maxmemory` and policy, each after a `=` and empty where the server does not
 * tell, then of each refused command its name and why, after a `=` and with a space between.
 */
const readyScript: RedisScript = createScript(
  lua`
local function fact(section, name)
  local facts = redis.pcall('INFO', section)
  return '=' .. (type(facts) == 'string' and string.match(facts, name .. ':([^\r\n]*)') or '')
end
local reply = {
  fact('server', 'redis_version'), fact('replication', 'role'), fact('memory', 'maxmemory'),
  fact('memory', 'maxmemory_policy')
}
if reply[2] == '=slave' then return reply end
local function attempt(command, ...)
  local got = redis.pcall(command, ...)
  if type(got) == 'table' and got.err then reply[#reply + 1] = '=' .. command .. ' ' .. got.err end
end
${PROBES.map((probe) => `attempt(${probe.map((word) => (word === 'KEY' ? 'KEYS[1]' : `'${word}'`)).join(', ')})`).join('\n')}
return reply
`,
  '',
)

/** Asks one server what it lacks; see `redis()`. */
export async function askWhatIsMissing(
  client: RedisClient,
  connection: RedisConnection,
  key: string,
): Promise<readonly BackendFault[]> {
  const errors = listenForErrors(connection)
  try {
    const [version, role, memory, policy, ...refused] = await client.run(readyScript, [key], [])
    const [told, most] = [version?.slice(1) ?? '', memory?.slice(1) ?? '']
    return [
      ...versionFaults(told),
      ...(role === '=slave' ? [READ_ONLY] : []),
      ...policyFaults(policy?.slice(1) ?? '', most),
      ...refused.map((line) => refusalOf(line.slice(1))),
    ]
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    return [unreachable(error, errors.latest())]
  } finally {
    errors.stop()
  }
}

const READ_ONLY: BackendFault = {
  code: 'read_only',
  message: 'The server is a replica, the primary expected',
}

function versionFaults(version: string): readonly BackendFault[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  if (version === '' || isNew) return []
  return [
    {
      code: 'too_old',
      message: `The server is Redis ${version}, ${OLDEST.join('.')} or newer expected`,
    },
  ]
}

function policyFaults(policy: string, maxmemory: string): readonly BackendFault[] {
  if (policy === '')
    return [
      {
        code: 'not_told',
        message:
          'The server does not let scripts run INFO: its maxmemory-policy must be noeviction, and whether versions grow over a failover rests on clocks alone',
      },
    ]
  if (policy === 'noeviction') return []
  const now = maxmemory === '0' ? 'once maxmemory is set' : 'when its memory is full'
  return [
    {
      code: 'evicts_keys',
      message: `The server drops keys ${now}: maxmemory-policy is ${policy}, noeviction expected`,
    },
  ]
}

function refusalOf(line: string): BackendFault {
  const command = line.slice(0, line.indexOf(' '))
  const why = line.slice(command.length + 1)
  if (/^OOM|maxmemory/.test(why))
    return { code: 'memory_full', message: `The server's memory is full: it refused ${command}` }
  if (/keys/.test(why))
    return {
      code: 'missing_key',
      message: `The ACL does not let ${command} use keys of the prefix`,
    }
  if (/channel/.test(why))
    return {
      code: 'missing_channel',
      message: 'The ACL does not let scripts publish to the prefix',
    }
  return { code: 'missing_command', message: `The server does not let scripts run ${command}` }
}

function unreachable(error: BackendError, latest: string | null): BackendFault {
  const told = error.cause instanceof Error ? error.cause.message : ''
  const [, command] = /^NOPERM\b.*'([a-z|]{1,32})'/.exec(told) ?? []
  if (command !== undefined)
    return {
      code: 'missing_command',
      message: `The ACL does not let this user run ${command.toUpperCase()}`,
    }
  const why = latest === null ? '' : `; the client met ${latest}`
  return { code: 'unreachable', message: `${error.message}${why}` }
}

/** Hears what a client that tries again for ever keeps from its callers: the name of its error. */
function listenForErrors(connection: RedisConnection): {
  latest(): string | null
  stop(): void
} {
  let latest: string | null = null
  const onError = (error: unknown): void => {
    latest = nameOfError(error) ?? latest
  }
  const on: unknown = Reflect.get(connection, 'on')
  const off: unknown = Reflect.get(connection, 'off')
  const hears = typeof on === 'function' && typeof off === 'function'
  if (hears) Reflect.apply(on, connection, ['error', onError])
  return {
    latest: () => latest,
    stop() {
      if (hears) Reflect.apply(off, connection, ['error', onError])
    },
  }
}
