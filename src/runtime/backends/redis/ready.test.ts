import { readdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedisServer } from '../../../../test/support/redis-server.ts'
import { issueCertificate } from '../../../../test/support/test-certificates.ts'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { defineJob, JobQueue } from '../../../services/background-jobs/index.ts'
import { memory } from '../memory/index.ts'
import { REDIS_COMMANDS } from './ready.ts'
import { redis } from './redis.ts'

const used = useRedis()

test('ready() says nothing of a server that lacks nothing, and leaves nothing behind', async () => {
  expect(await redis(used.connection).ready()).toEqual([])
  expect(await used.admin.send(['KEYS', '*'])).toEqual([])
  expect(await memory().ready()).toEqual([])
})

test('REDIS_COMMANDS are those that the scripts carry out', async () => {
  const found = new Set(['EVAL', 'EVALSHA'])
  for (const name of await readdir(import.meta.dirname)) {
    if (name.endsWith('.test.ts') || name === 'ready.ts') continue
    const text = await readFile(`${import.meta.dirname}/${name}`, 'utf8')
    for (const [, one = '', other = one] of text.matchAll(
      /(?:call|send)\('([A-Z]+)'|'(Z[A-Z]+BYLEX)'/g,
    ))
      found.add(one || other)
  }
  expect([...found].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(REDIS_COMMANDS)
})

test('a user with those commands and the prefix can do everything, and ready() names each one withheld', async () => {
  const allow = REDIS_COMMANDS.map((name) => `+${name.toLowerCase()}`)
  const rules = ['on', '>narrow', '~reuse:*', '&reuse:*', '-@all', '+auth', ...allow]
  await used.admin.send(['ACL', 'SETUSER', 'narrow', 'reset', ...rules])
  const narrow = used.connection.duplicate({
    ...{ username: 'narrow', password: 'narrow', enableReadyCheck: false },
  })
  narrow.on('error', () => {})
  try {
    const backend = redis(narrow)
    expect(await backend.ready()).toEqual([])
    const ran: unknown[] = []
    const jobs = { n: defineJob({ run: ({ data }) => void ran.push(data) }) }
    const queue = new JobQueue({ name: 'q', backend, jobs })
    await queue.add('n', 1)
    await queue.drain()
    expect(ran).toEqual([1])

    for (const name of REDIS_COMMANDS) {
      await used.admin.send(['ACL', 'SETUSER', 'narrow', `-${name.toLowerCase()}`])
      const faults = await backend.ready()
      await used.admin.send(['ACL', 'SETUSER', 'narrow', `+${name.toLowerCase()}`])
      // Where EVALSHA works, EVAL is needed only for what the server does not know yet.
      if (name === 'EVAL') continue
      const told = name === 'INFO' ? 'not_told' : 'missing_command'
      expect([name, faults.map(({ code }) => code)]).toEqual([name, expect.arrayContaining([told])])
      if (name !== 'INFO') expect(faults[0]?.message).toMatch(new RegExp(`\\b${name}$`))
    }

    await used.admin.send(['ACL', 'SETUSER', 'narrow', 'resetkeys', '~other:*'])
    const [withheld] = await backend.ready()
    expect(withheld?.code).toMatch(/^missing_key$|^unreachable$/)
    await used.admin.send(['ACL', 'SETUSER', 'narrow', 'allkeys', 'resetchannels'])
    expect(await backend.ready()).toMatchObject([{ code: 'missing_channel' }])
  } finally {
    narrow.disconnect()
  }
})

test('ready() says that keys would be dropped, also while no memory is set', async () => {
  await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru'])
  try {
    expect(await redis(used.connection).ready()).toEqual([
      {
        code: 'evicts_keys',
        message:
          'The server drops keys once maxmemory is set: maxmemory-policy is volatile-lru, noeviction expected',
      },
    ])
    await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'])
    await used.admin.send(['CONFIG', 'SET', 'maxmemory', '1'])
    const faults = await redis(used.connection).ready()
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['memory_full']))
  } finally {
    await used.admin.send(['CONFIG', 'SET', 'maxmemory', '0'])
    await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'])
  }
})

test('ready() says that a server is a replica', async () => {
  const replica = await startRedisServer({
    args: ['--replicaof', `127.0.0.1 ${used.server.port}`],
  })
  const client = new Redis(replica.url)
  try {
    const codes = (await redis(client).ready()).map(({ code }) => code)
    expect(codes).toEqual(['read_only'])
  } finally {
    client.disconnect()
    await replica.stop()
  }
})

test('ready() says that a server is too old, as it tells its version', async () => {
  const old = { call: async () => ['=5.0.7', '=master', '=0', '=noeviction'] }
  expect(await redis(old).ready()).toEqual([
    { code: 'too_old', message: 'The server is Redis 5.0.7, 6.2 or newer expected' },
  ])
  for (const version of ['6.2.0', '7.2.4', '8.0.0', '']) {
    const other = { call: async () => [`=${version}`, '=master', '=0', '=noeviction'] }
    expect(await redis(other).ready()).toEqual([])
  }
})

test('ready() names the error of TLS that a client keeps to itself while it tries again', async () => {
  const { pem: cert, keys } = await issueCertificate({ name: 'localhost', hosts: ['localhost'] })
  const key = pemOf(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  const server = createServer({ cert, key }, (socket) => socket.destroy())
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new Redis(port, '127.0.0.1', { tls: {}, retryStrategy: () => 20 })
  client.on('error', () => {})
  try {
    const [fault] = await redis(client, { timeout: 1000 }).ready()
    expect(fault?.code).toBe('unreachable')
    expect(fault?.message).toMatch(/; the client met [A-Z_]*CERT[A-Z_]*$/)
    expect(fault?.message).not.toContain('127.0.0.1')
  } finally {
    client.disconnect()
    server.close()
  }
})

test('ready() names what a client threw that does not try again', async () => {
  const refused = Object.assign(new Error('connect to 10.0.0.1'), { code: 'CERT_HAS_EXPIRED' })
  const [fault] = await redis({ call: () => Promise.reject(refused) }).ready()
  expect(fault).toEqual({
    code: 'unreachable',
    message:
      'Cannot run Redis script: the connection failed with CERT_HAS_EXPIRED, whether it ran is not known',
  })
})

function pemOf(key: ArrayBuffer): string {
  const text = encodeBase64(new Uint8Array(key))
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`
}
