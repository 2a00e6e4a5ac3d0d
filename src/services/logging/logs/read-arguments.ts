import { isInstance, readThrown } from '../../../primitives/read-thrown.ts'

/** What a call of `info` and its like was given. */
export interface LogArguments {
  readonly message: string | undefined
  readonly fields: object | undefined
  /** The error that the line is about. */
  readonly error: Error | undefined
}

/**
 * Reads the arguments in either order: `(fields, message)`, `(message, fields)`, `(error,
 * message)`, `(message)`, `(message, ...values)` with `%s` and its like, and functions that make
 * them, which are called only for lines that are written.
 */
export function readLogArguments(given: readonly unknown[]): LogArguments {
  const quick = given.length <= 2 ? readUsual(given[0], given[1]) : undefined
  if (quick !== undefined) return quick
  const [first, second, ...rest] = given.map(called)
  if (typeof first === 'string') {
    if (isInstance(second, Error) && !first.includes('%'))
      return { message: first, fields: { err: second }, error: second }
    if (isFields(second) && rest.length === 0 && !/%[oOj]/.test(first))
      return { message: first, fields: second, error: errorIn(second) }
    const values = given.length > 1 ? [second, ...rest] : []
    const error = values.find((value) => isInstance(value, Error))
    return { message: formatted(first, values), fields: undefined, error }
  }
  // A lazy function may give both, as a list.
  if (given.length === 1 && Array.isArray(first)) return readLogArguments(first)
  const message = typeof second === 'string' ? formatted(second, rest) : undefined
  if (isInstance(first, Error)) {
    const fields = isFields(second) ? { ...second, err: first } : { err: first }
    return { message: message ?? readThrown(first).message, fields, error: first }
  }
  if (typeof first === 'object' && first !== null)
    return {
      message,
      fields: Array.isArray(first) ? { items: first } : first,
      error: errorIn(first),
    }
  return { message: message ?? String(first), fields: undefined, error: undefined }
}

/** What most calls look like, without a copy of their arguments. */
function readUsual(first: unknown, second: unknown): LogArguments | undefined {
  if (typeof first === 'string')
    return second === undefined
      ? { message: first, fields: undefined, error: undefined }
      : undefined
  if (typeof first !== 'object' || first === null || typeof second !== 'string') return undefined
  if (isInstance(first, Error) || Array.isArray(first)) return undefined
  return { message: second, fields: first, error: errorIn(first) }
}

function called(value: unknown): unknown {
  if (typeof value !== 'function') return value
  const made = (value as () => unknown)()
  // A line does not wait: what a promise rejects with would be nobody's.
  if (made instanceof Promise) made.catch(() => undefined)
  return made
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function errorIn(fields: object): Error | undefined {
  try {
    const { err, error } = fields as { readonly err?: unknown; readonly error?: unknown }
    return isInstance(err, Error) ? err : isInstance(error, Error) ? error : undefined
  } catch {
    return undefined
  }
}

/** Puts values into `%s %d %i %f %j %o %O`, and what is left over behind, as `util.format` does. */
function formatted(message: string, values: readonly unknown[]): string {
  if (values.length === 0) return message
  let next = 0
  const text = message.replace(/%([sdifjoO%])/g, (all, kind: string) => {
    if (kind === '%') return '%'
    if (next >= values.length) return all
    const value = values[next++]
    if (kind === 'd' || kind === 'i' || kind === 'f') {
      const number = Number(value)
      return String(kind === 'i' ? Math.trunc(number) : number)
    }
    return textOf(value)
  })
  return [text, ...values.slice(next).map(textOf)].join(' ')
}

function textOf(value: unknown): string {
  if (isInstance(value, Error)) return readThrown(value).message
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value) ?? '[Unreadable]'
  } catch {
    return '[Unreadable]'
  }
}
