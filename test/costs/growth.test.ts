import { expect, test, vi } from 'vitest'
import { SortedList } from '../../src/runtime/backends/memory/sorted-list.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { createSqliteJobStore } from '../../src/runtime/backends/sqlite/job-store/job-store.ts'
import {
  countStoredJobs,
  createRememberedCounts,
  createStoredCounts,
} from '../../src/runtime/backends/sqlite/job-store/job-counts.ts'
import type { QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import { openTestDatabase, type TestDatabase } from '../support/node-sqlite.ts'
import { useRedis } from '../support/use-redis.ts'
import { fillQueue, GROWTH_STEPS, HALVINGS } from './growth-steps.ts'

const FEW = 200
const used = useRedis()

/** What one step did, counted as its backend counts. */
type Count = (act: () => Promise<unknown>) => Promise<number>

async function expectNoGrowth(open: () => { queue: QueueStore; count: Count }): Promise<void> {
  const costs: number[][] = []
  for (const n of [FEW, 10 * FEW]) {
    const { queue, count } = open()
    await fillQueue(queue, n)
    const row: number[] = []
    for (const { run } of GROWTH_STEPS) row.push(await count(() => run(queue)))
    costs.push(row)
  }
  for (const [index, { name }] of GROWTH_STEPS.entries()) {
    const [few = 0, many = Infinity] = costs.map((row) => row[index])
    expect(many, `${name}: ${few} with few jobs`).toBeLessThanOrEqual(few + HALVINGS)
  }
}

test('ten times as many jobs cost memory no more looks at jobs', () =>
  expectNoGrowth(() => {
    const clock = createFakeClock()
    return { queue: memory({ clock }).jobStore.queue('q'), count: countLooks }
  }))

test.for(['stored', 'remembered'] as const)(
  'ten times as many jobs cost SQLite no more statements and rows, their counts %s',
  (kept) =>
    expectNoGrowth(() => {
      const db = openTestDatabase()
      if (kept === 'stored') countStoredJobs(db)
      const counts = kept === 'stored' ? createStoredCounts(db) : createRememberedCounts(db)
      const clock = createFakeClock()
      const store = createSqliteJobStore(db, clock, createSeededRandom(1), counts)
      return { queue: promised(store), count: (act) => countStatements(db, act) }
    }),
)

test('ten times as many jobs cost Redis no more commands', () => {
  let name = 0
  return expectNoGrowth(() => ({
    queue: redis(used.connection).jobStore.queue(`q${name++}`),
    count: countCommands,
  }))
})

async function countLooks(act: () => Promise<unknown>): Promise<number> {
  let looks = 0
  const list = SortedList.prototype
  const spies = [
    vi.spyOn(list, 'at').mockImplementation(wrap(at, () => 1)),
    vi.spyOn(list, 'slice').mockImplementation(wrap(slice, ({ length }) => length)),
    vi.spyOn(list, 'countWhile').mockImplementation(function (this: SortedList<unknown>, isBefore) {
      return countWhile.call(this, (value: unknown) => {
        looks++
        return isBefore(value)
      })
    }),
  ]
  function wrap<Args extends unknown[], Answer>(
    method: (...args: Args) => Answer,
    cost: (answer: Answer) => number,
  ) {
    return function (this: SortedList<unknown>, ...args: Args): Answer {
      const answer = method.apply(this, args)
      looks += cost(answer)
      return answer
    }
  }
  await act()
  for (const spy of spies) spy.mockRestore()
  return looks
}

const { at, slice, countWhile } = SortedList.prototype

/** Counts a range of rows by the statement that reads them all: none may. */
async function countStatements(db: TestDatabase, act: () => Promise<unknown>): Promise<number> {
  db.clear()
  const before = db.rowsWritten()
  await act()
  const scans = db.statements.filter((sql) =>
    /count\(\*\).*FROM reuse_jobs WHERE queue = \?/.test(sql),
  )
  expect(scans).toEqual([])
  return db.statements.length + db.rowsWritten() - before
}

/** What the server carried out, within scripts too, and the members that it gave them. */
async function countCommands(act: () => Promise<unknown>): Promise<number> {
  await used.admin.send(['CONFIG', 'RESETSTAT'])
  await act()
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  const calls = [...stats.matchAll(/^cmdstat_(?!info|config)[^:]+:calls=(\d+)/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** An engine as a queue of the port. */
function promised(store: ReturnType<typeof createSqliteJobStore>): QueueStore {
  return {
    add: async (jobs) => store.add('q', jobs),
    exchange: async (exchange) => store.exchange('q', exchange),
    get: async (id) => store.get('q', id),
    list: async (options) => store.list('q', options),
    find: async (options) => store.find('q', options),
    children: async (id) => store.children('q', id),
    counts: async () => store.counts('q'),
    oldestReady: async () => store.oldestReady('q'),
    command: async (command) => store.command('q', command),
    group: async (key) => store.group('q', key),
    events: async (options) => store.events('q', options ?? {}),
  }
}
