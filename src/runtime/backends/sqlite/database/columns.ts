import { BackendError } from '../../../ports/backend-error.ts'
import type { Json } from '../../../ports/json.ts'
import type { SqlRow } from './sql-database.ts'

/**
 * @throws BackendError when the column is not a number: the database is not what this package wrote
 */
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

/**
 * @returns The value of a column of JSON text; SQL NULL is `null`
 * @throws BackendError when the column is not JSON text
 */
export function readJson(row: SqlRow, column: string): Json {
  const value = row[column]
  if (value === null) return null
  if (typeof value !== 'string') throw damaged(column, 'JSON text')
  try {
    // Only JSON.stringify of a Json value is ever written to such a column.
    return JSON.parse(value) as Json
  } catch {
    // What does not parse stands in the error's message, so that is not handed on.
    throw damaged(column, 'JSON text')
  }
}

/**
 * What `read` answers, or `otherwise` where a column holds something that this version did not
 * write.
 */
export function orBroken<Value, Other>(read: () => Value, otherwise: Other): Value | Other {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BackendError) return otherwise
    throw error
  }
}

/**
 * A text as it is bound, so that none holds a NUL: Deno's `node:sqlite` reads a column only up to
 * the first one.
 *
 * Order by UTF-8 bytes, equality and prefixes stay as they were: U+0000 becomes U+0001 U+0001, and
 * U+0001 becomes U+0001 U+0002.
 */
export function toSqlText(text: string): string {
  if (!text.includes('\u0000') && !text.includes('\u0001')) return text
  return text.replaceAll('\u0001', '\u0001\u0002').replaceAll('\u0000', '\u0001\u0001')
}

/** @returns The text that {@link toSqlText} was given */
export function fromSqlText(text: string): string {
  if (!text.includes('\u0001')) return text
  return text.replaceAll('\u0001\u0001', '\u0000').replaceAll('\u0001\u0002', '\u0001')
}

function damaged(column: string, wanted: string): BackendError {
  return new BackendError(
    'backend_failed',
    `Cannot read database: column ${column} holds something else, ${wanted} expected`,
  )
}
