import {
  STORE_LIMITS,
  type CommitResult,
  type ListOptions,
  type StoreChange,
  type StoreEntry,
  type StorePage,
} from '../../ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import {
  checkListOptions,
  checkStoreKey,
  checkStoreKeys,
  encodeStoreChange,
  endOfPrefix,
  type EncodedChange,
} from '../../ports/atomic-store/store-limits.ts'
import { orBroken, readJson, readNumber, readText, toSqlText } from './database/columns.ts'
import { createExpiryClock, type ExpiryView } from './expiry-clock.ts'
import type { SqlDatabase, SqlRow, SqlValue } from './database/sql-database.ts'

/** The engine of an `AtomicStore` over SQLite, synchronous; partitions are a column. */
export interface SqliteStore {
  /** @throws RangeError when the key is malformed */
  get(partition: string, key: string): StoreEntry | null
  /** @throws RangeError when there are too many keys, or one is malformed */
  getMany(partition: string, keys: readonly string[]): readonly (StoreEntry | null)[]
  /** @throws RangeError when an option is out of range */
  list(partition: string, options?: ListOptions): StorePage
  /** @throws RangeError or TypeError when the change is over the limits */
  commit(partition: string, change: StoreChange): CommitResult
  /** Checks and copies `change` now, commits it when the returned function is called. */
  prepareCommit(partition: string, change: StoreChange): () => CommitResult
}

/**
 * Expired entries that a commit removes at least and, beyond that, twice what it sets: so they
 * cannot pile up.
 */
const PRUNED_A_COMMIT = 16
const IS_LIVE = '(expires_at IS NULL OR expires_at > iif(version <= ?, ?, ?))'

/**
 * @param db A database that {@link import('./database/schema.ts').migrate} has brought up to date
 */
export function createSqliteStore(db: SqlDatabase, clock: Clock): SqliteStore {
  const expiries = createExpiryClock(clock, lastVersion)

  function get(partition: string, key: string): StoreEntry | null {
    checkStoreKey(key)
    const [row] = db.run(
      `SELECT key, version, json FROM reuse_entries
       WHERE partition = ? AND key = ? AND ${IS_LIVE}`,
      [toSqlText(partition), toSqlText(key), ...liveIn(expiries.look())],
    )
    return row === undefined ? null : entryOf(row)
  }

  function getMany(partition: string, keys: readonly string[]): readonly (StoreEntry | null)[] {
    const wanted = checkStoreKeys(keys)
    const rows = db.run(
      `SELECT key, version, json FROM reuse_entries
       WHERE partition = ? AND key IN (SELECT value FROM json_each(?)) AND ${IS_LIVE}`,
      [toSqlText(partition), JSON.stringify(wanted.map(toSqlText)), ...liveIn(expiries.look())],
    )
    const found = new Map(rows.map((row) => [readText(row, 'key'), row]))
    const answer: (StoreEntry | null)[] = []
    let characters = 0
    for (const key of wanted) {
      const row = found.get(key)
      const json = row?.['json']
      characters += typeof json === 'string' ? json.length : 0
      if (characters > STORE_LIMITS.replyBytes) break
      answer.push(row === undefined ? null : orBroken(() => entryOf(row), null))
    }
    return answer
  }

  function list(partition: string, options?: ListOptions): StorePage {
    const { prefix, cursor, limit, reverse } = checkListOptions(options)
    const where = ['partition = ?', 'key >= ?', IS_LIVE]
    const params: SqlValue[] = [toSqlText(partition), toSqlText(prefix), ...liveIn(expiries.look())]
    const end = endOfPrefix(toSqlText(prefix))
    if (end !== null) {
      where.push('key < ?')
      params.push(end)
    }
    if (cursor !== null) {
      where.push(reverse ? 'key < ?' : 'key > ?')
      params.push(toSqlText(cursor))
    }
    const rows = db.run(
      `SELECT key, version, json FROM reuse_entries WHERE ${where.join(' AND ')}
       ORDER BY key ${reverse ? 'DESC' : 'ASC'} LIMIT ?`,
      [...params, limit + 1],
    )
    const page = rows.slice(0, limit)
    const entries: StoreEntry[] = []
    const unreadable: string[] = []
    for (const row of page) {
      const entry = orBroken(() => entryOf(row), null)
      if (entry === null) unreadable.push(readText(row, 'key'))
      else entries.push(entry)
    }
    const last = page.at(-1)
    return {
      entries,
      cursor: rows.length > limit && last !== undefined ? readText(last, 'key') : null,
      ...(unreadable.length > 0 && { unreadable }),
    }
  }

  function commit(partition: string, { check, set, delete: remove }: EncodedChange): CommitResult {
    for (const { key, version } of check)
      if (versionOf(partition, key) !== version)
        return { ok: false, key, current: get(partition, key) }
    if (set.length + remove.length === 0) return { ok: true, version: lastVersion() }
    const { now, unstepped } = expiries.look()
    const version = nextVersion()
    for (const key of remove) {
      db.run('DELETE FROM reuse_entries WHERE partition = ? AND key = ?', [
        toSqlText(partition),
        toSqlText(key),
      ])
    }
    for (const { key, json, expiresInMs } of set) {
      db.run(
        `INSERT INTO reuse_entries (partition, key, version, expires_at, json) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (partition, key) DO UPDATE
         SET version = excluded.version, expires_at = excluded.expires_at, json = excluded.json`,
        [
          toSqlText(partition),
          toSqlText(key),
          version,
          expiresInMs === null ? null : now + expiresInMs,
          json,
        ],
      )
    }
    prune(unstepped, PRUNED_A_COMMIT + 2 * set.length)
    return { ok: true, version }
  }

  /** Looks before it deletes: most commits find nothing, and the look takes a fifth of the time. */
  function prune(until: number, most: number): void {
    const [expired] = db.run('SELECT 1 FROM reuse_entries WHERE expires_at <= ? LIMIT 1', [until])
    if (expired === undefined) return
    db.run(
      `DELETE FROM reuse_entries WHERE (partition, key) IN
       (SELECT partition, key FROM reuse_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
      [until, most],
    )
  }

  function versionOf(partition: string, key: string): number | null {
    const [row] = db.run(
      `SELECT version FROM reuse_entries
       WHERE partition = ? AND key = ? AND ${IS_LIVE}`,
      [toSqlText(partition), toSqlText(key), ...liveIn(expiries.look())],
    )
    return row === undefined ? null : readNumber(row, 'version')
  }

  function lastVersion(): number {
    const [row] = db.run("SELECT value FROM reuse_meta WHERE name = 'store_version'")
    return row === undefined ? 0 : readNumber(row, 'value')
  }

  // One counter for the whole database, which no deletion touches: versions serve as fencing
  // tokens.
  function nextVersion(): number {
    const [row = {}] = db.run(
      "UPDATE reuse_meta SET value = value + 1 WHERE name = 'store_version' RETURNING value",
    )
    return readNumber(row, 'value')
  }

  function prepareCommit(partition: string, change: StoreChange): () => CommitResult {
    const encoded = encodeStoreChange(change)
    return () => db.transaction(() => commit(partition, encoded))
  }

  return {
    get,
    list,
    getMany,
    commit: (partition, change) => prepareCommit(partition, change)(),
    prepareCommit,
  }
}

/** The parameters of `IS_LIVE`. */
function liveIn({ version, unstepped, now }: ExpiryView): readonly [number, number, number] {
  return [version, unstepped, now]
}

function entryOf(row: SqlRow): StoreEntry {
  return {
    key: readText(row, 'key'),
    value: readJson(row, 'json'),
    version: readNumber(row, 'version'),
  }
}
