import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CONCURRENCY, JOBS, PAYLOAD } from './bullmq.ts'
import { rateOf, type Contender } from './compare.ts'

/** SQLite itself burning down rows of the same size: claimed and removed, {@link CONCURRENCY} a commit, with prepared statements and no checks. */
export function rawBurnDown(folder: string): Contender {
  const db = new DatabaseSync(join(folder, 'raw.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`CREATE TABLE jobs (state INTEGER, rank INTEGER, seq INTEGER, id TEXT, token INTEGER, attempt INTEGER, terms TEXT, options TEXT,
    data TEXT, PRIMARY KEY (state, rank, seq, id)) WITHOUT ROWID`)
  const insert = db.prepare('INSERT INTO jobs VALUES (0, 0, ?, ?, 0, 0, ?, ?, ?)')
  const select = db.prepare('SELECT * FROM jobs WHERE state = 0 ORDER BY rank, seq, id LIMIT ?')
  const at = 'WHERE state = ? AND rank = ? AND seq = ? AND id = ?'
  const claim = db.prepare(`UPDATE jobs SET state = 2, rank = 1, token = ?, attempt = 1 ${at}`)
  const remove = db.prepare(`DELETE FROM jobs ${at}`)
  const terms = JSON.stringify({ priority: 0, maxAttempts: 3, keepCompletedMs: 0, keepDeadMs: 1e9 })
  const options = JSON.stringify({ timeoutMs: null, backoff: { type: 'exponential', delayMs: 1 } })
  const data = JSON.stringify(PAYLOAD)

  return {
    name: `node:sqlite by hand, ${CONCURRENCY} a commit`,
    async round() {
      db.exec('BEGIN')
      for (let seq = 0; seq < JOBS; seq++)
        insert.run(seq, `0-${seq}-abcdefgh`, terms, options, data)
      db.exec('COMMIT')
      return rateOf(JOBS, async () => {
        for (let held = select.all(0); ;) {
          db.exec('BEGIN IMMEDIATE')
          for (const { seq, id } of held) remove.run(2, 1, seq ?? null, id ?? null)
          held = select.all(CONCURRENCY)
          for (const { seq, id } of held) claim.run(Number(seq), 0, 0, seq ?? null, id ?? null)
          db.exec('COMMIT')
          if (held.length === 0) return
        }
      })
    },
  }
}
