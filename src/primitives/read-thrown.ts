/** What can be told of anything that was thrown, as plain data. */
export interface Thrown {
  /** Its `name`, at most 100 characters; `Error` where it has none. */
  readonly name: string
  /** Its `code`, at most 100 characters, where that is text. */
  readonly code: string | null
  /** Its `message`, or itself where it is no object. */
  readonly message: string
  /** Its `stack`, where it has one. */
  readonly stack: string | null
  /** Its `retryAfterMs`, where that is a number. */
  readonly retryAfterMs: number | null
  /** Its `retryable`, where that is a boolean. */
  readonly retryable: boolean | null
}

const NAME_LENGTH = 100

/**
 * Looks at something that was thrown: anything may be, so reading it never throws, whatever getters
 * and proxies do, and what is not as it should be is as if not there.
 */
export function readThrown(thrown: unknown): Thrown {
  const code = read(thrown, 'code')
  const retryAfterMs = read(thrown, 'retryAfterMs')
  const retryable = read(thrown, 'retryable')
  return {
    name: cut(textOf(read(thrown, 'name')) ?? 'Error', NAME_LENGTH),
    code: typeof code === 'string' ? cut(code, NAME_LENGTH) : null,
    message: messageOf(thrown),
    stack: textOf(read(thrown, 'stack')),
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : null,
    retryable: typeof retryable === 'boolean' ? retryable : null,
  }
}

/**
 * `instanceof` for anything that was thrown: a proxy may throw when it is asked for its prototype.
 */
export function isInstance<Instance>(
  value: unknown,
  type: abstract new (...args: never[]) => Instance,
): value is Instance {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/**
 * @returns At most `most` characters of `text`, well-formed: a cut may go through a surrogate pair
 */
export function cut(text: string, most: number): string {
  return text.length <= most ? text.toWellFormed() : text.slice(0, most).toWellFormed()
}

function messageOf(thrown: unknown): string {
  if (!isObject(thrown)) return String(thrown).toWellFormed()
  const message = read(thrown, 'message')
  return typeof message === 'string' ? message.toWellFormed() : 'What was thrown has no message'
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
