import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { rateOf, type Comparison } from './compare.ts'

const COMMITS = 300

export async function setUp(): Promise<Comparison & { tearDown(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const backend = sqlite(join(folder, 'store.db'))
  const raw = new DatabaseSync(join(folder, 'raw.db'))
  raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
  raw.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, version INTEGER, json TEXT) WITHOUT ROWID')
  raw.exec(
    'CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER); INSERT INTO counter VALUES (1, 0)',
  )
  const next = raw.prepare('UPDATE counter SET value = value + 1 WHERE id = 1 RETURNING value')
  const upsert = raw.prepare(
    'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET version = excluded.version, json = excluded.json',
  )
  const begin = raw.prepare('BEGIN IMMEDIATE')
  const commit = raw.prepare('COMMIT')
  const value = { id: 1, name: 'someone', tags: ['a', 'b'], at: 1_767_225_600_000 }
  const part = backend.store.partition('bench')

  const ours = async (): Promise<void> => {
    for (let index = 0; index < COMMITS; index++) {
      const result = await part.commit({ set: [{ key: `k${index % 100}`, value }] })
      if (!result.ok) throw new Error('The commit was refused')
    }
  }
  const engine = async (): Promise<void> => {
    for (let index = 0; index < COMMITS; index++) {
      begin.get()
      const row = next.get()
      upsert.run(`k${index % 100}`, row?.['value'] ?? 0, JSON.stringify(value))
      commit.get()
    }
  }
  return {
    title: 'Store: a commit against the raw engine',
    setting: `${COMMITS} commits of one small value, one after the other, each durable before the next (WAL, synchronous=FULL). The raw engine does the same two statements by hand with prepared statements and no checks.`,
    contenders: [
      { name: 'AtomicStore on SQLite', round: () => rateOf(COMMITS, ours) },
      { name: 'node:sqlite by hand', round: () => rateOf(COMMITS, engine) },
    ],
    target: 0.7,
    async tearDown() {
      backend.close()
      raw.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
