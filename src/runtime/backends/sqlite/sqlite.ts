import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { faultsOf, type CheckedBackend } from '../../ports/backend.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import type { JobStore } from '../../ports/job-store/job-store.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { checkQueueName } from '../../ports/job-store/job-limits.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { checkPartitionName } from '../../ports/atomic-store/store-limits.ts'
import { createTimerWaker } from '../../workers/timer-waker.ts'
import { platformAfterIo } from '../../ports/platform/after-io.ts'
import { createGroupCommit, type GroupCommit } from './database/group-commit.ts'
import { countStoredJobs, createStoredCounts } from './job-store/job-counts.ts'
import { createSqliteJobStore, type SqliteJobStore } from './job-store/job-store.ts'
import { createNeighbourWaker } from './database/neighbour-waker.ts'
import { createNativeDatabase, type NativeDatabase } from './database/native-database.ts'
import { openDatabase } from './database/open-database.ts'
import { createSqliteRateLimits, type SqliteRateLimits } from './rate-limit-store.ts'
import { migrate } from './database/schema.ts'
import type { SqlDatabase } from './database/sql-database.ts'
import { createSqliteStore, type SqliteStore } from './atomic-store.ts'

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /**
   * What an acknowledged write survives: `full` also a power failure, `normal` the end of the
   * process, but the last ones may be gone after a power failure. Only for a file opened by path.
   * Default `full`.
   */
  readonly synchronous?: 'full' | 'normal'
  /** How long a call waits for other processes before it fails, up to 1 min. Default 5 s. */
  readonly busyTimeout?: Duration
  /**
   * How often a process whose workers wait looks whether another one has written the file, 10 ms to
   * 1 min. A look reads no disk. Default 100 ms.
   */
  readonly lookInterval?: Duration
  /** Default: the platform's clock. */
  readonly clock?: Clock
  /** Default: the platform's cryptographic generator. */
  readonly random?: RandomSource
}

const WAL_ATTEMPTS = 20
const OPEN = 'open SQLite database'

/** A backend in one SQLite file. */
export interface SqliteBackend extends CheckedBackend {
  /**
   * Wakes workers of this process at once, and those of others when they next look, each
   * `lookInterval`.
   */
  readonly waker: Required<Waker>
  /** Finishes what was called, then closes the file if it was opened by path. Later calls fail. */
  close(): void
}

/**
 * Keeps everything in one SQLite file, for servers on Node, Deno and Bun. Several processes may
 * share the file.
 *
 * @param database A path, `:memory:`, or an open `DatabaseSync` of `node:sqlite` or `Database` of
 *   `bun:sqlite`, which stays as it is configured and is the caller's to close. Tables have names
 *   that start with `reuse_`.
 * @throws BackendError when the file cannot be opened or was written by a newer version of this
 *   package
 * @throws RangeError when an option is out of range
 * @throws TypeError when `database` is none of these, as a variable that is not set
 *
 * @example
 * const backend = sqlite('data/jobs.db')
 * process.once('exit', () => backend.close())
 */
export function sqlite(
  database: string | NativeDatabase,
  options: SqliteOptions = {},
): SqliteBackend {
  const { clock = systemClock, random = systemRandom } = options
  const opened = typeof database === 'string'
  const settings = checkSettings(options)
  checkDatabase(database)
  const db = createNativeDatabase(opened ? openDatabase(database) : database, opened)
  try {
    if (opened) configure(db, settings)
    migrate(db)
    countStoredJobs(db)
    // From here on it is the group commit that waits, without holding up the process.
    if (opened) db.run('PRAGMA busy_timeout = 0')
  } catch (error) {
    db.close()
    throw error
  }
  const group = createGroupCommit(
    db,
    clock,
    settings.busyTimeoutMs,
    // Whose time is made up has its turns made up, too.
    clock === systemClock ? platformAfterIo : undefined,
  )
  const waker = createTimerWaker(clock)
  const shared = isFile(db) ? createNeighbourWaker(waker, db, clock, settings.lookMs) : null
  return {
    store: createStore(createSqliteStore(db, clock), group),
    jobStore: createJobStore(
      createSqliteJobStore(db, clock, random, createStoredCounts(db)),
      group,
    ),
    rateLimits: createRateLimits(createSqliteRateLimits(db, clock), group, clock),
    waker: shared ?? waker,
    durability: shared === null ? 'none' : 'local',
    // Asks for what a write asks for, and writes nothing: no name is empty.
    ready: () =>
      faultsOf(() => group.write(() => db.run(`DELETE FROM reuse_meta WHERE name = ''`))),
    close() {
      shared?.close()
      group.close()
      db.close()
    },
  }
}

function createStore(engine: SqliteStore, group: GroupCommit): AtomicStore {
  return {
    partition(name) {
      checkPartitionName(name)
      return {
        get: (key) => group.read(() => engine.get(name, key)),
        getMany: (keys) => group.read(() => engine.getMany(name, keys)),
        list: (options) => group.read(() => engine.list(name, options)),
        commit: async (change) => group.write(engine.prepareCommit(name, change)),
      }
    },
  }
}

function createJobStore(engine: SqliteJobStore, group: GroupCommit): JobStore {
  return {
    queue(name) {
      checkQueueName(name)
      return {
        add: async (jobs) => group.write(engine.prepareAdd(name, jobs)),
        exchange: async (exchange) => group.write(engine.prepareExchange(name, exchange)),
        get: (id) => group.read(() => engine.get(name, id)),
        list: (options) => group.read(() => engine.list(name, options)),
        find: (options) => group.read(() => engine.find(name, options)),
        children: (id) => group.read(() => engine.children(name, id)),
        counts: () => group.read(() => engine.counts(name)),
        oldestReady: () => group.read(() => engine.oldestReady(name)),
        command: async (command) => group.write(engine.prepareCommand(name, command)),
        group: (key) => group.read(() => engine.group(name, key)),
        events: (options = {}) => group.read(() => engine.events(name, options)),
      }
    },
  }
}

function createRateLimits(
  engine: SqliteRateLimits,
  group: GroupCommit,
  clock: Clock,
): RateLimitStore {
  return {
    clock,
    consume: async (...args) => group.write(engine.prepareConsume(...args)),
    settle: async (...args) => group.write(engine.prepareSettle(...args)),
    reset: async (...args) => group.write(engine.prepareReset(...args)),
  }
}

interface Settings {
  readonly synchronous: 'full' | 'normal'
  readonly busyTimeoutMs: number
  readonly lookMs: number
}

/** An empty path is a file of SQLite's own, which goes with the process, and all that is in it. */
function checkDatabase(database: unknown): void {
  if (typeof database === 'string' && database !== '') return
  if (typeof database === 'object' && database !== null && 'prepare' in database) return
  throw new TypeError(
    `Cannot ${OPEN}: database is ${database === '' ? 'an empty text' : 'no path'}, a path, ':memory:' or an open database of node:sqlite or bun:sqlite expected`,
  )
}

function checkSettings(options: SqliteOptions): Settings {
  checkOptions(OPEN, options, [], ['synchronous', 'busyTimeout', 'lookInterval', 'clock', 'random'])
  const { synchronous = 'full', busyTimeout = 5000, lookInterval = 100 } = options
  if (synchronous !== 'full' && synchronous !== 'normal')
    throw new RangeError(
      `Cannot open SQLite database: synchronous is ${JSON.stringify(synchronous)}, full or normal expected`,
    )
  return {
    synchronous,
    busyTimeoutMs: checkDuration(OPEN, 'busyTimeout', busyTimeout, 0, 60_000),
    lookMs: checkDuration(OPEN, 'lookInterval', lookInterval, 10, 60_000),
  }
}

function configure(db: SqlDatabase, { synchronous, busyTimeoutMs }: Settings): void {
  db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
  db.run(`PRAGMA synchronous = ${synchronous}`)
  // Here SQLite keeps what a savepoint may have to undo, and by default in a file.
  db.run('PRAGMA temp_store = memory')
  for (let attempt = 1; ; attempt++) {
    try {
      db.run('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      // Of processes that open a new file together some are turned away at once, since waiting
      // could deadlock there.
      const busy = error instanceof BackendError && error.code === 'backend_overloaded'
      if (!busy || attempt === WAL_ATTEMPTS) throw error
      // A transaction does wait for the others.
      db.transaction(() => undefined)
    }
  }
}

/** A database in memory has no file name. */
function isFile(db: SqlDatabase): boolean {
  return db.run('PRAGMA database_list').some(({ name, file }) => name === 'main' && file !== '')
}
