import { DatabaseSync } from 'node:sqlite'
import { createNativeDatabase } from '../../src/runtime/backends/sqlite/database/native-database.ts'
import { migrate } from '../../src/runtime/backends/sqlite/database/schema.ts'
import type {
  SqlDatabase,
  SqlValue,
} from '../../src/runtime/backends/sqlite/database/sql-database.ts'

/** A database in memory that has its tables and tells what was asked of it. */
export interface TestDatabase extends SqlDatabase {
  /** The database beneath, for what a test looks at from outside. */
  readonly native: DatabaseSync
  /** What was run since {@link clear}, spaces made single. */
  readonly statements: readonly string[]
  clear(): void
  /** How many rows were written so far, those of indexes not counted. */
  rowsWritten(): number
  /** The first column of the first row, for looking from outside. */
  peek(sql: string): unknown
}

export function openTestDatabase(): TestDatabase {
  const native = new DatabaseSync(':memory:')
  const statements: string[] = []
  const recorded = {
    prepare(sql: string) {
      const statement = native.prepare(sql)
      return {
        all(...params: SqlValue[]) {
          statements.push(sql.replaceAll(/\s+/g, ' '))
          return statement.all(...params)
        },
      }
    },
    close: () => native.close(),
  }
  const db = createNativeDatabase(recorded, true)
  migrate(db)
  const peek = (sql: string): unknown => Object.values(native.prepare(sql).get() ?? {})[0]
  return {
    ...db,
    native,
    statements,
    clear: () => void statements.splice(0),
    rowsWritten: () => Number(peek('SELECT total_changes()')),
    peek,
  }
}
