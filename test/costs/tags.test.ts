import { expect, test } from 'vitest'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { createSqliteJobStore } from '../../src/runtime/backends/sqlite/job-store/job-store.ts'
import type { NewJob } from '../../src/runtime/ports/job-store/job-store.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import { openTestDatabase } from '../support/node-sqlite.ts'
import { useRedis } from '../support/use-redis.ts'

const used = useRedis()
const CLAIM = { claim: { limit: 1, leaseMs: 1000 } }

test.for([
  [undefined, 3],
  [[], 3],
  [['a'], 5],
  [['a', 'b'], 7],
] as const)('a job with the tags %j writes %d rows on SQLite until it is gone', ([tags, rows]) => {
  const db = openTestDatabase()
  const store = createSqliteJobStore(db, createFakeClock(), createSeededRandom(1))
  const before = db.rowsWritten()
  db.clear()
  store.add('q', [{ name: 'n', data: 1, ...(tags && { tags }) }])
  const [job] = store.exchange('q', CLAIM).claimed
  const { id = '', token = 0 } = job ?? {}
  store.exchange('q', { settle: [{ id, token, outcome: { to: 'completed' } }] })
  expect(db.rowsWritten() - before).toBe(rows)
  expect(db.statements.some((sql) => sql.includes('reuse_job_tags'))).toBe(rows > 3)
  expect(db.run('SELECT * FROM reuse_job_tags')).toEqual([])
})

/** What the server carried out for one job's life, within scripts too. */
async function commandsOf(name: string, job: NewJob): Promise<Readonly<Record<string, number>>> {
  const queue = redis(used.connection).jobStore.queue(name)
  await used.admin.send(['CONFIG', 'RESETSTAT'])
  await queue.add([job])
  const [claimed] = (await queue.exchange(CLAIM)).claimed
  const { id = '', token = 0 } = claimed ?? {}
  await queue.exchange({ settle: [{ id, token, outcome: { to: 'completed' } }] })
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  return Object.fromEntries(
    [...stats.matchAll(/^cmdstat_(?!info|config|eval|script)([^:]+):calls=(\d+)/gm)].map(
      ([, command = '', calls]) => [command, Number(calls)],
    ),
  )
}

test('a job without tags costs Redis what it did before there were any', async () => {
  await commandsOf('warm', { name: 'n', data: 1, tags: ['a'] })
  const plain = await commandsOf('plain', { name: 'n', data: 1 })
  const tagged = await commandsOf('tagged', { name: 'n', data: 1, tags: ['a', 'b'] })
  expect(plain).toEqual(PLAIN)
  // Of each tag one member that comes and goes, and the tags themselves.
  expect(tagged).toEqual({
    ...PLAIN,
    zadd: (PLAIN['zadd'] ?? 0) + 2,
    zrem: (PLAIN['zrem'] ?? 0) + 2,
    hset: (PLAIN['hset'] ?? 0) + 1,
    hget: 1,
    hdel: (PLAIN['hdel'] ?? 0) + 1,
  })
  const keys = await used.admin.send(['KEYS', '*:tags'])
  expect(keys).toEqual([])
})

/** Counted before jobs had tags. */
const PLAIN: Readonly<Record<string, number>> = {
  ...{ hdel: 2, hmget: 7, hset: 6, pexpire: 2, publish: 1, time: 3, zadd: 2, zcard: 3 },
  ...{ zrange: 7, zrangebyscore: 8, zrem: 1, zremrangebyrank: 1 },
}
