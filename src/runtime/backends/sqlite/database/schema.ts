import { BackendError } from '../../../ports/backend-error.ts'
import type { SqlDatabase } from './sql-database.ts'

/**
 * Brings the tables of this room to their newest form; a database that has it is left as it is.
 *
 * All names start with `reuse_`, so that the tables may stand beside an application's own.
 *
 * @throws BackendError when the database was written by a newer version of this package
 */
export function migrate(db: SqlDatabase): void {
  db.transaction(() => {
    db.run(
      'CREATE TABLE IF NOT EXISTS reuse_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID',
    )
    // user_version would be the usual place, but a Durable Object does not allow it.
    const found = Number(
      db.run("SELECT value FROM reuse_meta WHERE name = 'schema'")[0]?.['value'] ?? 0,
    )
    if (found > MIGRATIONS.length)
      throw new BackendError(
        'backend_failed',
        `Cannot open database: its schema has version ${found}, at most ${MIGRATIONS.length} is known`,
      )
    if (found === MIGRATIONS.length) return
    for (const statements of MIGRATIONS.slice(found)) for (const sql of statements) db.run(sql)
    db.run("INSERT OR REPLACE INTO reuse_meta (name, value) VALUES ('schema', ?)", [
      MIGRATIONS.length,
    ])
  })
}

/** What brings a database from version n to n + 1. Published ones never change. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE reuse_entries (
       partition TEXT NOT NULL,
       key TEXT NOT NULL,
       version INTEGER NOT NULL,
       expires_at INTEGER,
       json TEXT NOT NULL,
       PRIMARY KEY (partition, key)
     ) WITHOUT ROWID`,
    `CREATE INDEX reuse_entries_by_expiry ON reuse_entries (expires_at) WHERE expires_at IS NOT NULL`,
    `INSERT INTO reuse_meta (name, value) VALUES ('store_version', 0)`,

    // A job changes its place in the primary key as it lives, which counts as one row written. So a
    // plain job is written three times (added, claimed, removed), and claiming, due times, lost
    // leases, pruning and listing need no index. The table has none at all: SQLite would open it
    // for every statement, though no plain job stood in it.
    `CREATE TABLE reuse_jobs (
       queue TEXT NOT NULL,
       state INTEGER NOT NULL,
       rank INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       id TEXT NOT NULL,
       token INTEGER NOT NULL,
       attempt INTEGER NOT NULL,
       cancel_requested INTEGER NOT NULL,
       added_at INTEGER NOT NULL,
       name TEXT NOT NULL,
       terms TEXT NOT NULL,
       ties TEXT,
       options TEXT,
       progress TEXT,
       error TEXT,
       result TEXT,
       data TEXT,
       PRIMARY KEY (queue, state, rank, seq, id)
     ) WITHOUT ROWID`,
    // Where the jobs stand whose id does not say it; see job-id.ts.
    `CREATE TABLE reuse_job_places (
       queue TEXT NOT NULL,
       id TEXT NOT NULL,
       state INTEGER NOT NULL,
       rank INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       PRIMARY KEY (queue, id)
     ) WITHOUT ROWID`,
    // Where the jobs of a group stand that are held.
    `CREATE TABLE reuse_held_jobs (
       queue TEXT NOT NULL,
       group_key TEXT NOT NULL,
       rank INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       id TEXT NOT NULL,
       PRIMARY KEY (queue, group_key, rank, seq, id)
     ) WITHOUT ROWID`,
    // How many jobs of a group are ready or active. No row for none.
    `CREATE TABLE reuse_groups (
       queue TEXT NOT NULL,
       key TEXT NOT NULL,
       admitted INTEGER NOT NULL,
       PRIMARY KEY (queue, key)
     ) WITHOUT ROWID`,
    `CREATE TABLE reuse_children (
       queue TEXT NOT NULL,
       parent TEXT NOT NULL,
       id TEXT NOT NULL,
       place INTEGER NOT NULL,
       name TEXT NOT NULL,
       state TEXT NOT NULL,
       error TEXT,
       result TEXT,
       PRIMARY KEY (queue, parent, id)
     ) WITHOUT ROWID`,
    // Apart from the job they follow: a row of a Durable Object has 2 MB at most.
    `CREATE TABLE reuse_follow_ups (
       queue TEXT NOT NULL,
       job TEXT NOT NULL,
       terms TEXT NOT NULL,
       options TEXT NOT NULL,
       data TEXT NOT NULL,
       PRIMARY KEY (queue, job)
     ) WITHOUT ROWID`,
    `CREATE TABLE reuse_deduplication (
       queue TEXT NOT NULL,
       id TEXT NOT NULL,
       job TEXT NOT NULL,
       until INTEGER,
       PRIMARY KEY (queue, id)
     ) WITHOUT ROWID`,
    `CREATE INDEX reuse_deduplication_by_end ON reuse_deduplication (queue, until) WHERE until IS NOT NULL`,
    `CREATE TABLE reuse_paused_queues (queue TEXT PRIMARY KEY) WITHOUT ROWID`,
  ],
  [
    // Where it is, it holds the states of one algorithm alone, which are over within a window.
    `DROP TABLE IF EXISTS reuse_rate_limits`,
    // The states of limits, and what operations took of them; in use until ends_at.
    `CREATE TABLE reuse_limits (
       subject TEXT NOT NULL,
       name TEXT NOT NULL,
       state TEXT NOT NULL,
       ends_at INTEGER NOT NULL,
       PRIMARY KEY (subject, name)
     ) WITHOUT ROWID`,
  ],
  [
    // How many events of a queue are kept. No row for one that records none.
    `CREATE TABLE reuse_recorded_queues (
       queue TEXT PRIMARY KEY,
       keep INTEGER NOT NULL,
       started INTEGER NOT NULL
     ) WITHOUT ROWID`,
    // Numbered without a gap, above `started`.
    `CREATE TABLE reuse_job_events (
       queue TEXT NOT NULL,
       number INTEGER NOT NULL,
       type TEXT NOT NULL,
       id TEXT NOT NULL,
       name TEXT NOT NULL,
       attempt INTEGER NOT NULL,
       at INTEGER NOT NULL,
       PRIMARY KEY (queue, number)
     ) WITHOUT ROWID`,
    // What was asked of a group. No row for one of which nothing was.
    `CREATE TABLE reuse_group_controls (
       queue TEXT NOT NULL,
       key TEXT NOT NULL,
       paused INTEGER NOT NULL,
       most INTEGER,
       PRIMARY KEY (queue, key)
     ) WITHOUT ROWID`,
  ],
  [
    // How many jobs each state of a queue has, where that is kept at all; see job-counts.ts.
    `CREATE TABLE reuse_job_counts (
       queue TEXT NOT NULL,
       state INTEGER NOT NULL,
       jobs INTEGER NOT NULL,
       PRIMARY KEY (queue, state)
     ) WITHOUT ROWID`,
    // What a job carries that is large, beside its row, which moves; see job-parts.ts.
    `CREATE TABLE reuse_job_parts (
       queue TEXT NOT NULL,
       id TEXT NOT NULL,
       part TEXT NOT NULL,
       json TEXT NOT NULL,
       PRIMARY KEY (queue, id, part)
     ) WITHOUT ROWID`,
    `INSERT INTO reuse_job_parts (queue, id, part, json)
     SELECT queue, id, part, CASE part WHEN 'data' THEN data WHEN 'options' THEN options
       WHEN 'progress' THEN progress WHEN 'error' THEN error ELSE result END AS json
     FROM reuse_jobs CROSS JOIN (SELECT 'data' AS part UNION ALL SELECT 'options'
       UNION ALL SELECT 'progress' UNION ALL SELECT 'error' UNION ALL SELECT 'result')
     WHERE length(json) >= 8192`,
    `UPDATE reuse_jobs SET
       data = iif(length(data) >= 8192, '@' || length(data), data),
       options = iif(length(options) >= 8192, '@' || length(options), options),
       progress = iif(length(progress) >= 8192, '@' || length(progress), progress),
       error = iif(length(error) >= 8192, '@' || length(error), error),
       result = iif(length(result) >= 8192, '@' || length(result), result),
       ties = iif(ties IS NULL, '{', substr(ties, 1, length(ties) - 1) || ',') || '"aside":true}'
     WHERE max(ifnull(length(data), 0), ifnull(length(options), 0), ifnull(length(progress), 0),
       ifnull(length(error), 0), ifnull(length(result), 0)) >= 8192`,
  ],
  [
    // The limit of all groups whose key begins with a prefix, for which none was asked otherwise.
    `CREATE TABLE reuse_group_limits (
       queue TEXT NOT NULL,
       prefix TEXT NOT NULL,
       most INTEGER NOT NULL,
       PRIMARY KEY (queue, prefix)
     ) WITHOUT ROWID`,
  ],
  [
    // Where jobs are found by what they were tagged with. No row for a job without tags.
    `CREATE TABLE reuse_job_tags (
       queue TEXT NOT NULL,
       tag TEXT NOT NULL,
       added_at INTEGER NOT NULL,
       id TEXT NOT NULL,
       PRIMARY KEY (queue, tag, added_at, id)
     ) WITHOUT ROWID`,
  ],
]
