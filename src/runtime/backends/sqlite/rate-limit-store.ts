import type { Clock } from '../../ports/platform/clock.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimit, RateLimitDecision } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { decideRateLimits } from '../../ports/rate-limit-store/decide-rate-limits.ts'
import { readNumber, readText } from './database/read-column.ts'
import type { SqlDatabase } from './database/sql-database.ts'
import { toSqlText } from './database/sql-text.ts'

/** The engine of a `RateLimitStore` over SQLite, synchronous. */
export interface SqliteRateLimits {
  /** @throws RangeError when the subject or a limit is malformed */
  consume(subject: string, limits: readonly RateLimit[]): readonly RateLimitDecision[]
  reset(subject: string): void
  /** Checks and copies `limits` now, charges them when the returned function is called. */
  prepareConsume(subject: string, limits: readonly RateLimit[]): () => readonly RateLimitDecision[]
}

/**
 * Rows looked at after each charge, and dropped when they say nothing any more. A charge adds one row a limit at most, so
 * the table stays within a fixed factor of the limits in use.
 */
const SWEPT_A_LIMIT = 4

/**
 * A row holds the instant from which the limit is as if unused, so it needs no expiry of its own, and no index that would
 * double what a charge writes.
 *
 * @param db A database that {@link import('./database/schema.ts').migrate} has brought up to date
 */
export function createSqliteRateLimits(db: SqlDatabase, clock: Clock): SqliteRateLimits {
  /** How far the sweep has come; it starts behind whoever is charged first. */
  let swept: { readonly subject: string; readonly name: string } | null = null

  function arrivalOf(subject: string, name: string): number | null {
    const [row] = db.run(
      'SELECT arrival_at FROM reuse_rate_limits WHERE subject = ? AND name = ?',
      [toSqlText(subject), toSqlText(name)],
    )
    return row === undefined ? null : readNumber(row, 'arrival_at')
  }

  function sweep(from: { readonly subject: string; readonly name: string }, now: number): void {
    const rows = db.run(
      `SELECT subject, name, arrival_at FROM reuse_rate_limits
       WHERE (subject, name) > (?, ?) ORDER BY subject, name LIMIT ?`,
      [toSqlText(from.subject), toSqlText(from.name), SWEPT_A_LIMIT],
    )
    swept = { subject: '', name: '' }
    for (const row of rows) {
      const place = { subject: readText(row, 'subject'), name: readText(row, 'name') }
      if (readNumber(row, 'arrival_at') <= now) {
        db.run('DELETE FROM reuse_rate_limits WHERE subject = ? AND name = ?', [
          toSqlText(place.subject),
          toSqlText(place.name),
        ])
      }
      if (rows.length === SWEPT_A_LIMIT) swept = place
    }
  }

  function prepareConsume(
    subject: string,
    limits: readonly RateLimit[],
  ): () => readonly RateLimitDecision[] {
    const checked = checkRateLimits(subject, limits)
    return () =>
      db.transaction(() => {
        const now = clock.now()
        const verdict = decideRateLimits(checked, (name) => arrivalOf(subject, name), now)
        for (const { name, arrivalAt } of verdict.arrivals) {
          db.run(
            `INSERT INTO reuse_rate_limits (subject, name, arrival_at) VALUES (?, ?, ?)
             ON CONFLICT (subject, name) DO UPDATE SET arrival_at = excluded.arrival_at`,
            [toSqlText(subject), toSqlText(name), arrivalAt],
          )
          sweep(swept ?? { subject, name }, now)
        }
        return verdict.decisions
      })
  }

  return {
    consume: (subject, limits) => prepareConsume(subject, limits)(),
    prepareConsume,
    reset(subject) {
      db.run('DELETE FROM reuse_rate_limits WHERE subject = ?', [toSqlText(subject)])
    },
  }
}
