import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { compareJobStores } from '../../../../test/support/job-store-twins.ts'
import { startRedisServer, type RedisServer } from '../../../../test/support/redis-server.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { memory } from '../memory/index.ts'
import { JOB_STATES } from '../../ports/job-store/job-state.ts'
import { redis } from './redis.ts'
import { clockOffset } from './clock-offset.ts'

let server: RedisServer
let connection: Redis

beforeAll(async () => {
  server = await startRedisServer()
  connection = new Redis(server.url)
})

afterAll(async () => {
  connection.disconnect()
  await server.stop()
})

test('the scripts decide as the reference job store does, whatever happens to the jobs', async () => {
  for (let seed = 1; seed <= Number(process.env['SEEDS'] ?? 60); seed++) {
    await connection.flushall()
    let offset = 0
    const clock = createFakeClock(Date.now())
    const start = clock.now()
    const real = redis(connection, { [clockOffset]: () => offset }).jobStore.queue('q')
    await compareJobStores(seed, {
      real,
      model: memory({ clock, random: createSeededRandom(seed) }).jobStore.queue('q'),
      async advance(ms) {
        await clock.advance(ms)
        offset = clock.now() - start
      },
      // Memory's clock stands still while the test runs.
      toleranceMs: 30_000,
    })
    expect(await findStrays(), `seed ${seed}`).toEqual([])
  }
}, 300_000)

/** What is kept beside the jobs and does not agree with them, or outlives what it belongs to. */
async function findStrays(): Promise<readonly string[]> {
  const hash = (part: string): Promise<Record<string, string>> =>
    connection.hgetall(`reuse:{queue:q}:${part}`)
  const members = (part: string): Promise<string[]> =>
    connection.zrange(`reuse:{queue:q}:${part}`, 0, '-1')
  const jobs = Object.entries(await hash('jobs')).map(([id, facts]) => ({
    id,
    fields: facts.split(' '),
  }))
  const ids = new Set(jobs.map(({ id }) => id))
  const strays: string[] = []
  const compare = (what: string, found: readonly string[], wanted: readonly string[]): void => {
    for (const one of new Set([...found, ...wanted]))
      if (found.includes(one) !== wanted.includes(one)) strays.push(`${what}: ${one}`)
  }

  compare('bodies', Object.keys(await hash('bodies')), [...ids])
  const notes = jobs.flatMap(({ id, fields }) =>
    Array.from((fields[5] ?? '').replace('-', ''), (kind) => kind + id),
  )
  compare('notes', Object.keys(await hash('notes')), notes)
  const admitted = new Map<string, number>()
  const turns: string[] = []
  const flows: string[] = []
  for (const { id, fields } of jobs) {
    const [letter = '', , , seq = '', flags = '', , priority = ''] = fields
    if (flags < '2') continue
    const [group = '', , , , , flow = ''] = fields.slice(-7)
    if (flow !== '0') flows.push(flow)
    if (letter === 'h') turns.push(`${group} ${priority.padStart(7, '0')}${seq}${id}`)
    if (group !== '' && 'ra'.includes(letter)) admitted.set(group, (admitted.get(group) ?? 0) + 1)
  }
  compare('turns', await members('turns'), turns)
  // What was asked of a group stays, whether it has jobs or not.
  const counts = Object.entries(await hash('groups'))
    .filter(([group]) => !group.startsWith(' '))
    .map(([group, count]) => `${group} ${count}`)
  compare(
    'groups',
    counts,
    Array.from(admitted, ([group, count]) => `${group} ${count}`),
  )
  for (const field of Object.keys(await hash('children')))
    if (!flows.includes(/^\d+/.exec(field)?.[0] ?? '')) strays.push(`children: ${field}`)
  const inStates = await Promise.all(JOB_STATES.map(members))
  compare(
    'states',
    inStates.flat(),
    jobs.map(({ id, fields }) => `${fields[3] ?? ''}${id}`),
  )
  return strays
}
