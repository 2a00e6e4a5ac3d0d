import type { Clock } from '../../../ports/platform/clock.ts'
import { startStopwatch } from '../../../ports/platform/deadline.ts'
import { BackendError } from '../../../ports/backend-error.ts'
import type { AfterIo } from '../../../ports/platform/after-io.ts'
import type { SqlDatabase } from './sql-database.ts'

/**
 * Lets calls of one turn of the event loop share a transaction, so that the disk is waited for
 * once; and lets them wait for other processes without holding up this one.
 */
export interface GroupCommit {
  /**
   * Runs `act` soon, in a transaction that it shares with the other calls of this turn.
   *
   * `act` may run several times: what it wrote is undone before. What it throws undoes it alone,
   * provided that it keeps its writes within `db.transaction`.
   *
   * @returns What `act` returned, once it is durable
   */
  write<T>(act: () => T): Promise<T>
  /** Runs `act`, which only reads, at once unless the database is busy. */
  read<T>(act: () => T): Promise<T>
  /** Runs at once what still waits; what cannot run now fails. */
  close(): void
}

interface WaitingCall {
  readonly since: number
  readonly reads: boolean
  /**
   * Runs the call, and answers with what tells its caller how it went. Throws when the database is
   * busy, and with `joined` whatever the call throws.
   */
  attempt(joined: boolean): () => void
  fail(error: unknown): void
}

/** Microtask turns without a new call after which this turn is taken to be over. */
const QUIET_TURNS = 8
/** Calls of one transaction: it holds the write lock until all of them have run. */
const MAX_GROUP = 1000
/**
 * Tries in a row, about a millisecond together. A process that writes without pause leaves the lock
 * free for some µs at a time, which SQLite's own waiting, a look each 100 ms, all but never meets.
 */
const TRIES_IN_A_ROW = 50
/** An open database that was passed in may wait by itself in each try. */
const TRYING_MS = 2
const MAX_WAIT_MS = 4

/**
 * @param busyTimeoutMs How long a call waits for other processes before it fails
 * @param afterIo What else a turn of the event loop brings. Default: its promises alone
 */
export function createGroupCommit(
  db: SqlDatabase,
  clock: Clock,
  busyTimeoutMs: number,
  afterIo: AfterIo = (act) => act(),
): GroupCommit {
  const elapsedMs = startStopwatch(clock)
  let waiting: WaitingCall[] = []
  /** Somebody will call `flush`: the end of this turn, or a timer. */
  let awaited = false
  let waitMs = 1

  function enqueue<T>(act: () => T, reads: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const call: WaitingCall = {
        since: elapsedMs(),
        reads,
        attempt(joined) {
          try {
            const result = act()
            return () => resolve(result)
          } catch (error) {
            if (joined || isBusy(error)) throw error
            return () => call.fail(error)
          }
        },
        fail: reject,
      }
      waiting.push(call)
      if (awaited) return
      awaited = true
      void gather()
    })
  }

  async function gather(): Promise<void> {
    // Callers that wake together call together, but through promise chains of different lengths.
    for (let quiet = 0, seen = 0; quiet < QUIET_TURNS && seen < MAX_GROUP; quiet++) {
      if (waiting.length > seen) quiet = 0
      seen = waiting.length
      await Promise.resolve()
    }
    afterIo(flush)
  }

  function flush(): void {
    awaited = false
    const busy = commitAll()
    if (busy === null) {
      waitMs = 1
      return
    }
    const now = elapsedMs()
    const [late, early] = [true, false].map((isLate) =>
      waiting.filter(({ since }) => now - since >= busyTimeoutMs === isLate),
    )
    for (const call of late ?? []) call.fail(busy)
    waiting = early ?? []
    if (waiting.length === 0) return
    awaited = true
    clock.setTimer(flush, waitMs)
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)
  }

  /** @returns Why calls are left waiting, or `null` when none are */
  function commitAll(): BackendError | null {
    while (waiting.length > 0) {
      const group = waiting.slice(0, MAX_GROUP)
      const told = commit(db, clock, group)
      if (told instanceof BackendError) return told
      waiting = waiting.slice(group.length)
      for (const tell of told) tell()
    }
    return null
  }

  return {
    write: (act) => enqueue(act, false),
    async read(act) {
      try {
        return act()
      } catch (error) {
        if (!isBusy(error)) throw error
        return enqueue(act, true)
      }
    },
    close() {
      const busy = commitAll()
      for (const call of waiting) call.fail(busy)
      waiting = []
    },
  }
}

/** @returns What tells each caller how its call went, or why the database could not be used */
function commit(
  db: SqlDatabase,
  clock: Clock,
  group: readonly WaitingCall[],
): readonly (() => void)[] | BackendError {
  const attemptAll = (joined: boolean): readonly (() => void)[] =>
    group.map((call) => call.attempt(joined))
  const elapsedMs = startStopwatch(clock)
  // Calls hardly ever throw. Where one does, all are undone and run again, each under a savepoint
  // of its own.
  let joined = group.some(({ reads }) => !reads)
  for (let tries = 1; ; tries++) {
    try {
      if (group.every(({ reads }) => reads)) return attemptAll(false)
      return db.transaction(() => attemptAll(joined), joined ? 'joined' : 'savepoints')
    } catch (error) {
      if (!isBusy(error)) {
        if (!joined) return group.map((call) => () => call.fail(error))
        joined = false
        continue
      }
      if (tries === TRIES_IN_A_ROW || elapsedMs() > TRYING_MS) return error
    }
  }
}

function isBusy(error: unknown): error is BackendError {
  return error instanceof BackendError && error.code === 'backend_overloaded'
}
