import { Redis as UpstashRedis } from '@upstash/redis'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { startRedisServer, type RedisServer } from '../../../../test/support/redis-server.ts'
import { connectResp } from '../../../../test/support/resp-client.ts'
import { startUpstashBridge, type UpstashBridge } from '../../../../test/support/upstash-bridge.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { createRedisClient, type RedisClient } from './client.ts'
import type { RedisConnection } from './connection.ts'
import { redis } from './redis.ts'
import { createScript, type RedisScript } from './script.ts'

const echo = createScript("return { '=' .. KEYS[1], '=' .. ARGV[2] }")

let server: RedisServer
let bridge: UpstashBridge

beforeAll(async () => {
  server = await startRedisServer()
  bridge = await startUpstashBridge({ redisPort: server.port })
})

afterAll(async () => {
  await bridge.stop()
  await server.stop()
})

function open(connection: RedisConnection, timeoutMs = 10_000): RedisClient {
  return createRedisClient(connection, systemClock, timeoutMs)
}

/** A connection that answers by a function, and remembers what it was asked. */
function fake(answer: (command: string) => unknown) {
  const asked: string[] = []
  return {
    asked,
    async call(command: string, ...args: string[]): Promise<unknown> {
      asked.push([command, ...args.slice(1)].join(' '))
      return answer(command)
    },
  }
}

async function failureOf(error: unknown): Promise<BackendError> {
  const client = open(
    fake(() => {
      throw error
    }),
  )
  const failure: unknown = await client
    .run(echo, ['k'], ['0', 'v'])
    .catch((thrown: unknown) => thrown)
  if (failure instanceof BackendError) return failure
  throw new Error('Expected a BackendError', { cause: failure })
}

test('run() names a script as the server does, and sends its source only once', async () => {
  const admin = await connectResp(server.port)
  const connection = new Redis(server.url)
  const commands: string[] = []
  const client = open({
    call(command: string, ...args: string[]) {
      commands.push(command)
      return connection.call(command, ...args)
    },
  })
  try {
    expect(await client.run(echo, ['k'], ['0', 'v'])).toEqual(['=k', '=v'])
    expect(await client.run(echo, ['k'], ['0', 'w'])).toEqual(['=k', '=w'])
    expect(await admin.send(['SCRIPT', 'EXISTS', await echo.sha1()])).toEqual([1])
    await admin.send(['SCRIPT', 'FLUSH'])
    expect(await client.run(echo, ['k'], ['0', 'x'])).toEqual(['=k', '=x'])
  } finally {
    admin.close()
    connection.disconnect()
  }
  expect(commands).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVALSHA', 'EVAL'])
})

test('run() speaks to each kind of client by the method that it has', async () => {
  const calls: unknown[] = []
  const note = async (...given: unknown[]): Promise<unknown> => {
    calls.push(given)
    return []
  }
  const script: RedisScript = { source: 'return {}', sha1: async () => 'abc' }
  const connections: readonly RedisConnection[] = [
    // As ioredis does, this one has a sendCommand that takes something else.
    Object.assign({ call: note }, { sendCommand: () => expect.unreachable(), eval: note }),
    { send: note },
    { sendCommand: note },
    { eval: note, evalsha: note },
  ]
  for (const connection of connections) await open(connection).run(script, ['k'], ['0', 'v'])
  expect(calls).toEqual([
    ['EVALSHA', 'abc', '1', 'k', '0', 'v'],
    ['EVALSHA', ['abc', '1', 'k', '0', 'v']],
    [['EVALSHA', 'abc', '1', 'k', '0', 'v']],
    ['abc', ['k'], ['0', 'v']],
  ])
})

test('run() gets texts unchanged through Upstash, whatever it decodes on its own', async () => {
  const { url, token } = bridge
  for (const options of [{}, { automaticDeserialization: false }, { responseEncoding: false }]) {
    const upstash = new UpstashRedis({ url, token, ...options } as { url: string; token: string })
    const client = open(upstash)
    for (const text of ['', '1', 'null', '"a"', '[1,2]', 'ü😀', '\ufeffx', 'OK'])
      expect(await client.run(echo, ['k'], ['0', text])).toEqual(['=k', `=${text}`])
  }
})

test('run() makes one request of each call through Upstash', async () => {
  const client = open(new UpstashRedis({ url: bridge.url, token: bridge.token }))
  await client.run(echo, ['k'], ['0', 'warm'])
  const before = bridge.requests()
  for (let index = 0; index < 5; index++) await client.run(echo, ['k'], ['0', 'v'])
  expect(bridge.requests() - before).toBe(5)
})

test('createRedisClient() accepts the clients of ioredis and Upstash by type', () => {
  const accepts = (connection: RedisConnection): RedisConnection => connection
  const clients = [
    new Redis({ lazyConnect: true }),
    new Cluster([], { lazyConnect: true }),
    new UpstashRedis({ url: bridge.url, token: bridge.token }),
  ]
  for (const client of clients) expect(accepts(client)).toBe(client)
})

test('createRedisClient() refuses what is no client', () => {
  for (const wrong of [{}, { get() {} }])
    expect(() => open(wrong as RedisConnection)).toThrow(TypeError)
})

test('run() says what the server refused, in a stable code', async () => {
  const cases = [
    ['LOADING Redis is loading the dataset in memory', 'backend_unavailable'],
    ["READONLY You can't write against a read only replica.", 'backend_unavailable'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'backend_overloaded'],
    ['BUSY Redis is busy running a script.', 'backend_overloaded'],
    ['Command failed: ERR max requests limit exceeded. Limit: 500000', 'backend_overloaded'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'backend_failed'],
    ['ERR user_script:1: Script attempted to access a non local key', 'backend_failed'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'backend_unavailable'],
    ['ECONNRESET', 'backend_unavailable'],
    ['fetch failed', 'backend_unavailable'],
  ] as const
  for (const [message, code] of cases)
    expect([message, (await failureOf(new Error(message))).code]).toEqual([message, code])
})

test('run() keeps the command and its data out of errors', async () => {
  const refused = Object.assign(
    new Error('WRONGPASS no, command was: ["EVALSHA","abc",1,"k","secret"]'),
    { name: 'UpstashError', command: { name: 'evalsha', args: ['secret'] } },
  )
  const failure = await failureOf(refused)
  expect(failure.cause).toMatchObject({ name: 'UpstashError', message: 'WRONGPASS no' })
  expect(JSON.stringify([failure, failure.cause, failure.message, failure.stack])).not.toContain(
    'secret',
  )
  expect(Object.keys(failure.cause as object)).not.toContain('command')
})

test('run() refuses replies that no script of ours makes', async () => {
  for (const reply of ['OK', null, 1, [1], [['a']]])
    await expect(open(fake(() => reply)).run(echo, ['k'], ['0', 'v'])).rejects.toMatchObject({
      name: 'BackendError',
      code: 'backend_failed',
    })
})

test('run() waits no longer than it may', async () => {
  const clock = createFakeClock()
  const client = createRedisClient(
    fake(() => new Promise(() => {})),
    clock,
    500,
  )
  const failure = client.run(echo, ['k'], ['0', 'v']).catch((error: unknown) => error)
  await clock.advance(499)
  expect(await Promise.race([failure, Promise.resolve('waiting')])).toBe('waiting')
  await clock.advance(1)
  expect(await failure).toMatchObject({ name: 'BackendError', code: 'backend_unavailable' })
})

test('two exchanges at once are for connections that keep their order, not for HTTP', () => {
  const overTcp = { call: async () => null }
  const overHttp = { eval: async () => null, evalsha: async () => null }
  const overlaps = [overTcp, overHttp].map(
    (connection) => redis(connection).jobStore.queue('q').overlaps,
  )
  expect(overlaps).toEqual([true, false])
})
