import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { redisSuites } from '../../../../test/conformance/backends/redis.ts'
import { runSuites } from '../../../../test/conformance/run-suites.ts'
import { startRedisServer } from '../../../../test/support/redis-server.ts'
import { connectResp } from '../../../../test/support/resp-client.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { redis } from './redis.ts'

/** All laws take some seconds, and many on a machine that is busy. */
const LAWS_TIMEOUT_MS = 400_000

test('redis() refuses options out of range', () => {
  const connection = { call: async () => [] }
  for (const options of [{ prefix: '{' }, { timeout: 0 }, { timeout: Number.NaN }])
    expect(() => redis(connection, options)).toThrow(RangeError)
  expect(redis(connection).durability).toBe('async-replicated')
})

test(
  'the laws leave no key that no document names, and none that lives for ever unasked',
  async () => {
    const server = await startRedisServer()
    const connection = new Redis(server.url)
    const admin = await connectResp(server.port)
    try {
      expect(await runSuites('node', redisSuites('redis-tcp', connection, '1-2'), () => {})).toBe(0)
      const keys = (await admin.send(['KEYS', '*'])) as readonly string[]
      const known =
        /^law:[0-9a-f-]{36}:\{(?:store:[^{}]+\}:(?:entries|order|expiry)|queue:[^{}]+\}:(?:jobs|bodies|notes|meta|dedup|dedup-ends|turns|groups|children|events|ready|scheduled|active|completed|dead|cancelled|parked|held|blocked|tags)|limit:[^{}]+\}(?::.+|![\w-]+))$/s
      expect(keys.filter((key) => !known.test(key))).toEqual([])
      expect(keys.length).toBeGreaterThan(100)
      for (const key of keys.filter((one) => /:meta$|\{limit:/.test(one))) {
        // A queue that was asked to record goes on until it is asked to stop.
        if (key.endsWith(':meta') && (await admin.send(['HEXISTS', key, 'keep'])) === 1) continue
        expect([key, Number(await admin.send(['PTTL', key])) > 0]).toEqual([key, true])
      }
    } finally {
      connection.disconnect()
      admin.close()
      await server.stop()
    }
  },
  LAWS_TIMEOUT_MS,
)

test(
  'the scripts keep to the slot of their keys on a cluster',
  async () => {
    const server = await startRedisServer({ cluster: true })
    const connection = new Cluster([server.url])
    try {
      const failed: string[] = []
      await runSuites('node', redisSuites('redis-tcp', connection, '1-2'), (line) => {
        if (line.includes('"failed"')) failed.push(line)
      })
      expect(failed).toEqual([])
    } finally {
      connection.disconnect()
      await server.stop()
    }
  },
  LAWS_TIMEOUT_MS,
)

test(
  'a server that is killed and comes back has every acknowledged write, none by half, and typed errors for the rest',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'redis-'))
    const settings = { directory, args: ['--appendonly', 'yes', '--appendfsync', 'always'] }
    const first = await startRedisServer(settings)
    const connection = new Redis(first.url, {
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => 50,
    })
    connection.on('error', () => {})
    const { store, jobStore } = redis(connection, { timeout: 5000 })
    const part = store.partition('p')
    const queue = jobStore.queue('q')
    let second = first
    try {
      const acknowledged: number[] = []
      const errors: unknown[] = []
      const writer = async (lane: number): Promise<void> => {
        for (let round = lane; errors.length === 0; round += 4) {
          try {
            await part.commit({
              set: [
                { key: `a${round}`, value: round },
                { key: `b${round}`, value: round },
              ],
            })
            await queue.add([{ id: `j${round}`, name: 'n', data: round }])
            acknowledged.push(round)
            if (acknowledged.length === 40) await first.stop('SIGKILL')
          } catch (error) {
            errors.push(error)
          }
        }
      }
      await Promise.all([0, 1, 2, 3].map(writer))
      expect(acknowledged.length).toBeGreaterThanOrEqual(40)
      for (const error of errors) {
        expect(error).toBeInstanceOf(BackendError)
        expect(error).toMatchObject({ code: 'backend_unavailable' })
      }

      second = await startRedisServer({ ...settings, port: first.port })
      await expect.poll(() => connection.status).toBe('ready')
      const a = await part.list({ prefix: 'a', limit: 1000 })
      const b = await part.list({ prefix: 'b', limit: 1000 })
      const roundsOf = (page: typeof a) =>
        page.entries.map(({ value, version }) => [value, version])
      expect(roundsOf(a)).toEqual(roundsOf(b))
      const rounds = new Set(a.entries.map(({ value }) => value))
      const jobs = new Set(
        (await queue.list({ state: 'ready', limit: 1000 })).jobs.map((j) => j.id),
      )
      for (const round of acknowledged) {
        expect(rounds).toContain(round)
        expect(jobs).toContain(`j${round}`)
      }
      expect((await queue.counts()).ready).toBe(jobs.size)
    } finally {
      connection.disconnect()
      await second.stop()
      await rm(directory, { recursive: true })
    }
  },
  LAWS_TIMEOUT_MS,
)

test('a server without memory left refuses a whole step, and keeps what it had', async () => {
  const server = await startRedisServer()
  const admin = await connectResp(server.port)
  const connection = new Redis(server.url)
  const { store, jobStore } = redis(connection)
  try {
    const part = store.partition('p')
    const queue = jobStore.queue('q')
    await part.commit({ set: [{ key: 'k', value: 1 }] })
    await queue.add([{ id: 'j', name: 'n', data: 1 }])
    await admin.send(['CONFIG', 'SET', 'maxmemory', '1'])
    const full = { name: 'BackendError', code: 'backend_overloaded' }
    await expect(part.commit({ set: [{ key: 'l', value: 1 }] })).rejects.toMatchObject(full)
    await expect(queue.add([{ id: 'i', name: 'n', data: 1 }])).rejects.toMatchObject(full)
    await admin.send(['CONFIG', 'SET', 'maxmemory', '0'])
    expect((await part.list()).entries.map(({ key }) => key)).toEqual(['k'])
    expect(await queue.counts()).toMatchObject({ ready: 1 })
  } finally {
    connection.disconnect()
    admin.close()
    await server.stop()
  }
})

test.for(['redis://127.0.0.1:6379', null, undefined, 6379])(
  'redis() says of %j that a client is expected, as its connection or its subscriber',
  (given) => {
    // As plain JavaScript may call it.
    const connection = given as never
    expect(() => redis(connection)).toThrow(/^Cannot use Redis connection: it has no call/)
    if (given === undefined) return
    expect(() => redis({ call: async () => null }, { subscriber: connection })).toThrow(
      /^Cannot use Redis subscriber: /,
    )
  },
)
