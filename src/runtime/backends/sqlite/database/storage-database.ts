import type { SqlDatabase, SqlRow, SqlValue } from './sql-database.ts'

/** What of a Durable Object's `ctx.storage` is needed. */
export interface SqlBackedStorage {
  readonly sql: { exec(sql: string, ...params: SqlValue[]): { toArray(): readonly object[] } }
  transactionSync<T>(act: () => T): T
}

/**
 * The SQLite database of a Durable Object.
 *
 * Errors pass through as they are: among them are those by which the platform stops an object,
 * which nobody may swallow.
 */
export function createStorageDatabase(storage: SqlBackedStorage): SqlDatabase {
  const { sql } = storage
  return {
    // The platform documents a row as a plain object of column values; blobs, which come as
    // ArrayBuffer, are not used.
    run: (text, params = []) => sql.exec(text, ...params).toArray() as readonly SqlRow[],
    transaction: (act) => storage.transactionSync(act),
  }
}
