/**
 * Own properties of errors that carry whole requests and answers, with headers, bodies and prompts.
 */
const CARRIERS = /^(?:request|response|config|req|res|client|socket|agent|body|headers|prompt)$/i

/** Shown first, in this order, whatever the error has besides. */
const FIRST = ['type', 'message', 'stack', 'code', 'status', 'cause', 'errors']

/**
 * Reads an error by a fixed list of fields: what it is called, its message, stack, `code`,
 * `status`, `cause` and `errors`; then what else stands on it as plain data. Requests and answers
 * that clients hang on their errors are left out.
 */
export function readErrorFields(error: Error): readonly (readonly [string, unknown])[] {
  const fields: [string, unknown][] = [
    ['type', read(() => typeOf(error))],
    ['message', read(() => String(error.message))],
    ['stack', read(() => error.stack)],
  ]
  for (const name of ['code', 'status', 'cause', 'errors'] as const) {
    // Errors of all kinds have these, but no type says so.
    const value = read(() => (error as unknown as Record<string, unknown>)[name])
    if (value !== undefined) fields.push([name, value])
  }
  for (const name of readNames(error)) {
    if (FIRST.includes(name) || name === 'name' || CARRIERS.test(name)) continue
    const value = read(() => (error as unknown as Record<string, unknown>)[name])
    if (isPlain(value)) fields.push([name, value])
  }
  return fields.filter(([, value]) => value !== undefined)
}

function typeOf(error: Error): string {
  const { name, constructor } = error
  // A class that does not set a name inherits "Error".
  return name === 'Error' && typeof constructor === 'function' ? constructor.name || name : name
}

function readNames(error: Error): readonly string[] {
  try {
    return Object.keys(error)
  } catch {
    return []
  }
}

function read(get: () => unknown): unknown {
  try {
    return get()
  } catch {
    return '[Unreadable]'
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null || Array.isArray(value)
  } catch {
    return false
  }
}
