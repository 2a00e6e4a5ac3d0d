import type { Clock } from '../../ports/platform/clock.ts'
import {
  decideRateLimits,
  settleRateLimits,
  type OperationRecord,
  type RateLimitVerdict,
  type StoredLimit,
} from '../../ports/rate-limit-store/decide-rate-limits.ts'
import type { FullRateLimit } from '../../ports/rate-limit-store/full-rate-limit.ts'
import { decodeRecord, encodeRecord } from '../../ports/rate-limit-store/operation-record.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/check-rate-limits.ts'
import {
  checkConsumeOptions,
  checkLimitNames,
  checkSettlement,
} from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
} from '../../ports/rate-limit-store/rate-limit-store.ts'
import { readNumber, readText, toSqlText } from './database/columns.ts'
import type { SqlDatabase } from './database/sql-database.ts'

/** The engine of a `RateLimitStore` over SQLite, synchronous. */
export interface SqliteRateLimits {
  consume(
    subject: string,
    limits: readonly RateLimit[],
    options?: ConsumeOptions,
  ): readonly RateLimitDecision[]
  settle(
    subject: string,
    limits: readonly RateLimit[],
    operation: string,
  ): readonly RateLimitDecision[] | null
  reset(subject: string, limits: readonly RateLimitName[]): void
  /** Checks and copies everything now, charges when the returned function is called. */
  prepareConsume(
    subject: string,
    limits: readonly RateLimit[],
    options?: ConsumeOptions,
  ): () => readonly RateLimitDecision[]
  /** Checks and copies everything now, settles when the returned function is called. */
  prepareSettle(
    subject: string,
    limits: readonly RateLimit[],
    operation: string,
  ): () => readonly RateLimitDecision[] | null
  /** Checks and copies everything now, forgets when the returned function is called. */
  prepareReset(subject: string, limits: readonly RateLimitName[]): () => void
  /**
   * Drops what says nothing any more, for a store that nobody calls.
   *
   * @param most Rows looked at
   * @returns Until when to sweep again, ms from now; `null` when nothing is left
   */
  sweepIdle(most: number): number | null
}

/**
 * Rows looked at after each charge, and dropped when they say nothing any more. A charge adds one
 * row a limit and one for its operation, so the table stays within a fixed factor of what is in
 * use.
 */
const SWEPT_A_LIMIT = 4

/** Where the sweep has come to. */
interface Place {
  readonly subject: string
  readonly name: string
}

const START: Place = { subject: '', name: '' }

/**
 * A row says until when it says anything, so it needs no index, which would double what a charge
 * writes.
 *
 * @param db A database that {@link import('./database/schema.ts').migrate} has brought up to date
 * @param onRow Called with each row that is written, and must be swept one day
 */
export function createSqliteRateLimits(
  db: SqlDatabase,
  clock: Clock,
  onRow: () => void = () => undefined,
): SqliteRateLimits {
  /** It starts behind whoever is charged first. */
  let swept: Place | null = null
  /** How far `sweepIdle` has come with all rows, and which of those it kept ends first. */
  let pass: { from: Place; soonest: number | null } = { from: START, soonest: null }

  const readClock = (): number => Math.max(Math.floor(clock.now()), 0)

  function read(subject: string, name: string): { state: string; endsAt: number } | null {
    const [row] = db.run('SELECT state, ends_at FROM reuse_limits WHERE subject = ? AND name = ?', [
      toSqlText(subject),
      toSqlText(name),
    ])
    return row === undefined
      ? null
      : { state: readText(row, 'state'), endsAt: readNumber(row, 'ends_at') }
  }

  function storedOf(subject: string, limit: FullRateLimit): StoredLimit {
    const row = read(limit.subject ?? subject, rowOf(limit))
    return { limit, state: row === null ? null : limit.rule.decode(row.state) }
  }

  function put(subject: string, name: string, state: string, endsAt: number): void {
    db.run(
      `INSERT INTO reuse_limits (subject, name, state, ends_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (subject, name) DO UPDATE SET state = excluded.state, ends_at = excluded.ends_at`,
      [toSqlText(subject), toSqlText(name), toSqlText(state), endsAt],
    )
    onRow()
  }

  function drop(subject: string, name: string): void {
    db.run('DELETE FROM reuse_limits WHERE subject = ? AND name = ?', [
      toSqlText(subject),
      toSqlText(name),
    ])
  }

  function write(subject: string, now: number, { writes }: RateLimitVerdict): void {
    for (const { limit, state, restMs } of writes) {
      const owner = limit.subject ?? subject
      const name = rowOf(limit)
      if (restMs === 0) drop(owner, name)
      else put(owner, name, limit.rule.encode(state), now + restMs)
      sweep(swept ?? { subject: owner, name }, now)
    }
  }

  function recordOf(subject: string, operation: string, now: number): OperationRecord | null {
    const row = operation === '' ? null : read(subject, `!${operation}`)
    return row === null || row.endsAt <= now ? null : decodeRecord(row.state)
  }

  function sweep(from: Place, now: number): void {
    swept = sweepFrom(from, now, SWEPT_A_LIMIT) ?? START
  }

  /** @returns Where to go on, `null` at the end */
  function sweepFrom(
    from: Place,
    now: number,
    most: number,
    onKept: (endsAt: number) => void = () => undefined,
  ): Place | null {
    const rows = db.run(
      `SELECT subject, name, ends_at FROM reuse_limits
       WHERE (subject, name) > (?, ?) ORDER BY subject, name LIMIT ?`,
      [toSqlText(from.subject), toSqlText(from.name), most],
    )
    let last: Place | null = null
    for (const row of rows) {
      last = { subject: readText(row, 'subject'), name: readText(row, 'name') }
      const endsAt = readNumber(row, 'ends_at')
      if (endsAt <= now) drop(last.subject, last.name)
      else onKept(endsAt)
    }
    return rows.length === most ? last : null
  }

  function prepareConsume(
    subject: string,
    limits: readonly RateLimit[],
    options: ConsumeOptions = {},
  ): () => readonly RateLimitDecision[] {
    const checked = checkRateLimits(subject, limits)
    const rememberMs = checkConsumeOptions(checked, options)
    const { operation = '', look = false } = options
    return () =>
      db.transaction(() => {
        const now = readClock()
        const record = recordOf(subject, operation, now)
        const verdict = decideRateLimits(
          checked.map((limit) => storedOf(subject, limit)),
          { now, operation, look, record },
        )
        write(subject, now, verdict)
        if (verdict.record !== null)
          put(subject, `!${operation}`, encodeRecord(verdict.record), now + rememberMs)
        return verdict.decisions
      })
  }

  function prepareSettle(
    subject: string,
    limits: readonly RateLimit[],
    operation: string,
  ): () => readonly RateLimitDecision[] | null {
    const checked = checkRateLimits(subject, limits)
    checkSettlement(checked, operation)
    return () =>
      db.transaction(() => {
        const now = readClock()
        const row = read(subject, `!${operation}`)
        const record = row === null || row.endsAt <= now ? null : decodeRecord(row.state)
        const verdict = settleRateLimits(
          checked.map((limit) => storedOf(subject, limit)),
          { now, operation, record },
        )
        if (verdict === null) return null
        write(subject, now, verdict)
        if (verdict.record?.size === 0) drop(subject, `!${operation}`)
        else if (verdict.record !== null && row !== null)
          put(subject, `!${operation}`, encodeRecord(verdict.record), row.endsAt)
        return verdict.decisions
      })
  }

  function prepareReset(subject: string, limits: readonly RateLimitName[]): () => void {
    checkLimitNames(subject, limits)
    const rows = limits.map((limit) => ({ owner: limit.subject ?? subject, name: rowOf(limit) }))
    return () => {
      db.transaction(() => {
        for (const { owner, name } of rows) drop(owner, name)
      })
    }
  }

  return {
    consume: (subject, limits, options) => prepareConsume(subject, limits, options)(),
    settle: (subject, limits, operation) => prepareSettle(subject, limits, operation)(),
    reset: (subject, limits) => prepareReset(subject, limits)(),
    prepareConsume,
    prepareSettle,
    prepareReset,
    sweepIdle(most) {
      const now = readClock()
      const next = sweepFrom(pass.from, now, most, (endsAt) => {
        pass.soonest = Math.min(pass.soonest ?? endsAt, endsAt)
      })
      if (next !== null) {
        pass.from = next
        return 0
      }
      const { soonest } = pass
      pass = { from: START, soonest: null }
      return soonest === null ? null : soonest - now
    },
  }
}

/** A limit's row; those of operations begin with another character. */
function rowOf({ name }: Pick<FullRateLimit, 'name'>): string {
  return `=${name}`
}
