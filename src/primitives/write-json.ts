/** Options of {@link writeJson}. */
export interface WriteJsonOptions {
  /** Levels of arrays and objects in one another. Default 200. */
  readonly maxDepth?: number
  /** Most UTF-16 code units of the text. Default: no limit. */
  readonly maxCharacters?: number
}

interface Writer {
  readonly maxDepth: number
  left: number
  /** Keys and indices that lead to the value being written. */
  readonly path: (string | number)[]
  /** What was thrown here, and not by a getter or a proxy. */
  refusal: Error | null
}

/**
 * Writes `value` as JSON text from which exactly `value` comes back, or refuses: what
 * `JSON.stringify` would leave out, round or convert (`undefined`, `NaN`, a `Date`, a `Map`, a
 * function, a `toJSON` method, half a surrogate pair, …) is an error, and `-0` stays `-0`. Each
 * property is read once, so that a getter or a proxy cannot show one value to the check and another
 * to the text.
 *
 * @returns The text, for any parser: well-formed, without spaces, keys in the order of `value`
 * @throws TypeError naming the place and what is wrong there, never a value
 * @throws RangeError when the text is longer than `maxCharacters`
 */
export function writeJson(value: unknown, options: WriteJsonOptions = {}): string {
  const { maxDepth = 200, maxCharacters = Infinity } = options
  const writer: Writer = { maxDepth, left: maxCharacters, path: [], refusal: null }
  try {
    return write(writer, value)
  } catch (cause) {
    if (cause === writer.refusal) throw cause
    throw refusal(writer, 'cannot be read', { cause })
  }
}

function write(writer: Writer, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return take(writer, quote(writer, value))
    case 'number':
      if (Number.isFinite(value)) return take(writer, Object.is(value, -0) ? '-0' : String(value))
      throw refusal(writer, `is ${value}, which JSON has no number for`)
    case 'boolean':
      return take(writer, String(value))
    case 'object':
      if (value === null) return take(writer, 'null')
      if (writer.path.length >= writer.maxDepth)
        throw refusal(writer, `is nested deeper than ${writer.maxDepth} levels`)
      return Array.isArray(value) ? writeArray(writer, value) : writeObject(writer, value)
    case 'undefined':
      throw refusal(writer, 'is undefined, leave it out or use null')
    default:
      throw refusal(writer, `is a ${typeof value}`)
  }
}

function writeArray(writer: Writer, value: readonly unknown[]): string {
  const { path } = writer
  const { length } = value
  let text = take(writer, '[')
  for (let index = 0; index < length; index++) {
    if (index > 0) text += take(writer, ',')
    path.push(index)
    text += write(writer, value[index])
    path.pop()
  }
  // Holes were refused as undefined; what is left over stands beside the items.
  if (Reflect.ownKeys(value).length !== length + 1)
    throw refusal(writer, 'is an array with properties of its own')
  return `${text}${take(writer, ']')}`
}

function writeObject(writer: Writer, value: object): string {
  const { path } = writer
  if (!isPlain(value)) throw refusal(writer, `is ${kindOf(value)}, only plain objects are JSON`)
  const keys = Object.keys(value)
  if (Reflect.ownKeys(value).length !== keys.length)
    throw refusal(writer, 'has a symbol or a property that is not enumerable')
  let text = take(writer, '{')
  for (const [index, key] of keys.entries()) {
    if (index > 0) text += take(writer, ',')
    path.push(key)
    text += `${take(writer, quote(writer, key))}${take(writer, ':')}`
    text += write(writer, Reflect.get(value, key))
    path.pop()
  }
  return `${text}${take(writer, '}')}`
}

/** Text that needs no escape takes a fraction of the time, and almost all keys are that. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/

function quote(writer: Writer, text: string): string {
  if (text.length < 64 && PLAIN_TEXT.test(text)) return `"${text}"`
  if (text.isWellFormed()) return JSON.stringify(text)
  throw refusal(writer, 'holds half a surrogate pair')
}

function take(writer: Writer, text: string): string {
  writer.left -= text.length
  if (writer.left >= 0) return text
  throw (writer.refusal = new RangeError('Cannot write JSON: the text is longer than allowed'))
}

/** An object of another realm has another Object.prototype, itself without a prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  return (
    typeof prototype === 'object' &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  )
}

function kindOf(value: object): string {
  const { constructor }: { readonly constructor?: unknown } = value
  const name = typeof constructor === 'function' ? constructor.name : ''
  return /^\w{1,40}$/.test(name) ? `of class ${name}` : 'of a class'
}

function refusal(writer: Writer, fault: string, options?: ErrorOptions): TypeError {
  const refused = new TypeError(`Cannot write JSON: ${placeOf(writer.path)} ${fault}`, options)
  writer.refusal = refused
  return refused
}

/** Keys that may be anything, a name or an address among them, are not repeated. */
function placeOf(path: readonly (string | number)[]): string {
  const shown = path
    .slice(0, 10)
    .map((key) =>
      typeof key === 'number' ? `[${key}]` : /^[\w$-]{1,40}$/.test(key) ? `.${key}` : '.…',
    )
  return `value${shown.join('')}${path.length > 10 ? '…' : ''}`
}
