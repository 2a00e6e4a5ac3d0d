import { BackendError } from '../../../ports/backend-error.ts'
import type { Json } from '../../../ports/json.ts'
import type { SqlRow } from './sql-database.ts'
import { fromSqlText } from './sql-text.ts'

/** @throws BackendError when the column is not a number: the database is not what this package wrote */
export function readNumber(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw damaged(column, 'a number')
}

/** @returns The number, or `null` for SQL NULL */
export function readNumberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : readNumber(row, column)
}

/** @throws BackendError when the column is not text */
export function readText(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return fromSqlText(value)
  throw damaged(column, 'text')
}

/** @returns The text, or `null` for SQL NULL */
export function readTextOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : readText(row, column)
}

/** @returns The value of a column of JSON text; SQL NULL is `null` */
export function readJson(row: SqlRow, column: string): Json {
  const value = row[column]
  if (value === null) return null
  if (typeof value !== 'string') throw damaged(column, 'JSON text')
  // Only JSON.stringify of a Json value is ever written to such a column.
  return JSON.parse(value) as Json
}

function damaged(column: string, wanted: string): BackendError {
  return new BackendError(
    'backend_failed',
    `Cannot read database: column ${column} holds something else, ${wanted} expected`,
  )
}
