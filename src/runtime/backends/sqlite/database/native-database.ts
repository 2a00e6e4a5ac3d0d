import { BackendError } from '../../../ports/backend-error.ts'
import type { SqlDatabase, SqlRow, SqlValue } from './sql-database.ts'

/**
 * What of an open `DatabaseSync` of `node:sqlite` (Node, Deno, Bun) or `Database` of `bun:sqlite`
 * is needed.
 *
 * A statement's `all` must also run statements without rows, as both do.
 */
export interface NativeDatabase {
  prepare(sql: string): NativeStatement
  close(): void
}

interface NativeStatement {
  all(...params: SqlValue[]): unknown[]
  /** Only `bun:sqlite` has it, and keeps the file open until it was called. */
  finalize?(): void
}

/** Prepared statements kept; this room makes far fewer. */
const MAX_STATEMENTS = 200

/**
 * An open database of a server runtime, its errors translated.
 *
 * @param closeNative Whether `close` closes `native` too
 */
export function createNativeDatabase(
  native: NativeDatabase,
  closeNative: boolean,
): SqlDatabase & { close(): void } {
  const statements = new Map<string, NativeStatement>()
  let closed = false
  let depth = 0
  /** Transactions within the one at hand have no savepoints. */
  let joined = false
  /** Why nothing more can be done in this transaction: SQLite itself rolled it back. */
  let broken: BackendError | undefined

  function run(sql: string, params: readonly SqlValue[] = []): readonly SqlRow[] {
    if (broken !== undefined) throw broken
    return execute(sql, params)
  }

  function execute(sql: string, params: readonly SqlValue[]): readonly SqlRow[] {
    if (closed)
      throw new BackendError(
        'backend_unavailable',
        'Cannot use SQLite database: it was closed, an open one is needed',
      )
    try {
      let statement = statements.get(sql)
      if (statement === undefined) {
        statement = native.prepare(sql)
        if (statements.size < MAX_STATEMENTS) statements.set(sql, statement)
      }
      // Both engines give each row as an object of column values; neither gives a bigint unless
      // asked for.
      return statement.all(...params) as SqlRow[]
    } catch (error) {
      throw translated(error)
    }
  }

  function transaction<T>(act: () => T, within: 'savepoints' | 'joined' = 'savepoints'): T {
    if (joined) return act()
    const [begin, commit, ...undo] =
      depth === 0
        ? ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK']
        : ['SAVEPOINT reuse', 'RELEASE reuse', 'ROLLBACK TO reuse', 'RELEASE reuse']
    run(begin)
    depth++
    joined = within === 'joined'
    try {
      const result = act()
      run(commit)
      return result
    } catch (error) {
      try {
        for (const statement of undo) execute(statement, [])
      } catch {
        // A full disk or a failed write ends the whole transaction at once, whatever its
        // savepoints.
        broken = new BackendError(
          'backend_failed',
          'Cannot go on with transaction: SQLite ended it, the cause says why',
          { cause: error },
        )
      }
      throw error
    } finally {
      depth--
      joined = false
      if (depth === 0) broken = undefined
    }
  }

  function close(): void {
    if (closed) return
    closed = true
    for (const statement of statements.values()) statement.finalize?.()
    statements.clear()
    if (closeNative) native.close()
  }

  return { run, transaction, close }
}

const BUSY = 5
const LOCKED = 6
const IO_ERROR = 10
const FULL = 13
const CANNOT_OPEN = 14

/** @returns The error as a port promises it, without the statement or a value in its message */
function translated(error: unknown): BackendError {
  const options = { cause: error }
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return new BackendError(
        'backend_overloaded',
        'Cannot use SQLite database: another connection held it longer than the busy timeout, shorter transactions expected',
        options,
      )
    case FULL:
      return new BackendError(
        'backend_failed',
        'Cannot write SQLite database: its disk is full, free space expected',
        options,
      )
    case IO_ERROR:
    case CANNOT_OPEN:
      return new BackendError(
        'backend_unavailable',
        'Cannot use SQLite database: its file cannot be read or written, a working disk and the right to write there expected',
        options,
      )
    default:
      return new BackendError(
        'backend_failed',
        'Cannot use SQLite database: it refused a statement, the cause says why',
        options,
      )
  }
}

/** The primary result code: `errcode` in `node:sqlite`, `errno` in `bun:sqlite`. */
function resultCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null
  const code = 'errcode' in error ? error.errcode : 'errno' in error ? error.errno : null
  return typeof code === 'number' ? code & 0xff : null
}
