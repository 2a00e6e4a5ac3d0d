/** What a statement may bind, and what a column may hold. */
export type SqlValue = string | number | null | Uint8Array

/** One row, by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>

/**
 * The little of SQLite that this room needs, synchronously: the same over `node:sqlite`,
 * `bun:sqlite` and the storage of a Durable Object. The engines of this room are written against it
 * and against nothing else.
 */
export interface SqlDatabase {
  /**
   * Runs one statement with `?` parameters, at most 100 of them.
   *
   * @returns Its rows, none for a statement that gives none
   */
  run(sql: string, params?: readonly SqlValue[]): readonly SqlRow[]

  /**
   * Runs `act` as one write transaction: all of what it wrote is durable when this returns, and
   * nothing when it throws.
   *
   * Within a transaction it is a savepoint: a throw undoes `act` alone.
   *
   * @param within `joined` lets transactions within this one do without savepoints, for each of
   *   which SQLite copies the pages that it changes. What one of them throws must then be thrown
   *   on, so that all is undone. Default `savepoints`; a database may use them all the same.
   */
  transaction<T>(act: () => T, within?: 'savepoints' | 'joined'): T
}
