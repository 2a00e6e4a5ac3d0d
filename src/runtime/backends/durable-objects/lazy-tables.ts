import { migrate } from '../sqlite/database/schema.ts'
import type { SqlDatabase } from '../sqlite/database/sql-database.ts'

/**
 * Makes the tables with the first write: until then every read finds nothing, and an object that
 * was only ever read keeps nothing. So whoever asks for what does not exist makes nothing that
 * stays.
 *
 * @returns A database as {@link migrate} leaves it, as far as statements can tell
 */
export function createLazyTables(db: SqlDatabase): SqlDatabase {
  let made = false

  /** Tables that are there are brought to their newest form before anything is read from them. */
  function find(): boolean {
    if (!made && db.run(FIND).length > 0) make()
    return made
  }

  function make(): void {
    migrate(db)
    made = true
  }

  return {
    run(sql, params) {
      if (!made && !find()) {
        // Nothing is there to be read, or to be removed.
        if (/^\s*(?:SELECT|DELETE)\b/.test(sql)) return []
        make()
      }
      return db.run(sql, params)
    },
    transaction(act, within) {
      const before = made
      try {
        return db.transaction(act, within)
      } catch (error) {
        // The tables are undone with what was written to them.
        made = before
        throw error
      }
    },
  }
}

const FIND = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'reuse_meta'"
