/** Options of {@link scanJson}. */
export interface ScanJsonOptions {
  /** Levels of arrays and objects in one another. Default 200. */
  readonly maxDepth?: number
}

/** What {@link scanJson} found. */
export type JsonScan =
  | {
      readonly ok: true
      /** The text of each member where the whole is an object, by name; `null` where it is none. */
      readonly members: ReadonlyMap<string, string> | null
    }
  | {
      readonly ok: false
      /** `malformed`: no JSON. `ambiguous`: JSON that parsers read differently, or not exactly. */
      readonly kind: 'malformed' | 'ambiguous'
      /** What is wrong and where, to end a message with; holds nothing of the text. */
      readonly fault: string
    }

/**
 * Reads JSON text without parsing it, and refuses what parsers do not agree about (I-JSON, RFC
 * 7493): a name that is there twice, half a surrogate pair, a number that a double does not hold
 * with the digits it is written with, nesting deeper than `maxDepth`. What passes can be handed on
 * as it is written, and `JSON.parse` reads in it what every other parser does.
 */
export function scanJson(text: string, { maxDepth = 200 }: ScanJsonOptions = {}): JsonScan {
  const source: Source = { text, at: 0, maxDepth, refusal: null }
  try {
    if (!text.isWellFormed()) throw ambiguous(source, 'it holds half a surrogate pair')
    skipSpace(source)
    const members = text[source.at] === '{' ? new Map<string, string>() : null
    readValue(source, 0, members)
    skipSpace(source)
    if (source.at < text.length) throw malformed(source)
    return { ok: true, members }
  } catch (error) {
    if (source.refusal !== null) return source.refusal
    throw error
  }
}

/** The text and how far it has been read. */
interface Source {
  readonly text: string
  at: number
  readonly maxDepth: number
  refusal: Extract<JsonScan, { ok: false }> | null
}

/** @param members Takes the members of an object */
function readValue(source: Source, depth: number, members: Map<string, string> | null): void {
  const first = source.text[source.at]
  if (first === '{') return readObject(source, depth + 1, members)
  if (first === '[') return readArray(source, depth + 1)
  if (first === '"') return void readString(source)
  for (const word of ['true', 'false', 'null'])
    if (source.text.startsWith(word, source.at)) return void (source.at += word.length)
  readNumber(source)
}

function readObject(source: Source, depth: number, members: Map<string, string> | null): void {
  enter(source, depth)
  if (skip(source, '}')) return
  const names = new Set<string>()
  do {
    skipSpace(source)
    const name = readString(source)
    if (names.has(name)) throw ambiguous(source, 'an object has a name twice')
    names.add(name)
    if (!skip(source, ':')) throw malformed(source)
    skipSpace(source)
    const start = source.at
    readValue(source, depth, null)
    members?.set(name, source.text.slice(start, source.at))
  } while (skip(source, ','))
  if (!skip(source, '}')) throw malformed(source)
}

function readArray(source: Source, depth: number): void {
  enter(source, depth)
  if (skip(source, ']')) return
  do {
    skipSpace(source)
    readValue(source, depth, null)
  } while (skip(source, ','))
  if (!skip(source, ']')) throw malformed(source)
}

function enter(source: Source, depth: number): void {
  const { maxDepth } = source
  if (depth > maxDepth) throw ambiguous(source, `it is nested deeper than ${maxDepth} levels`)
  source.at++
}

/** @returns What the string says */
function readString(source: Source): string {
  const { text } = source
  const start = source.at
  if (text[start] !== '"') throw malformed(source)
  let escaped = false
  for (source.at++; text[source.at] !== '"'; source.at++) {
    // At the end of the text it is NaN.
    if (!(text.charCodeAt(source.at) >= 0x20)) throw malformed(source)
    if (text[source.at] !== '\\') continue
    escaped = true
    source.at += lengthOf(source, ESCAPE) - 1
  }
  source.at++
  if (!escaped) return text.slice(start + 1, source.at - 1)
  // Its form has just been checked.
  const said = JSON.parse(text.slice(start, source.at)) as string
  if (!said.isWellFormed()) throw ambiguous(source, 'it holds half a surrogate pair')
  return said
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y

function readNumber(source: Source): void {
  const end = source.at + lengthOf(source, NUMBER)
  if (!isExact(source.text.slice(source.at, end)))
    throw ambiguous(source, 'a number is larger or more precise than a double, text expected')
  source.at = end
}

const MAX_DIGITS = 100

/** Whether the double of a number, written shortly or with as many digits, is the number again. */
function isExact(written: string): boolean {
  if (written.length <= 15 && !/[eE]/.test(written)) return true
  const digits = significantDigits(written)
  if (digits === '') return true
  const value = Number(written)
  if (!Number.isFinite(value) || value === 0 || digits.length > MAX_DIGITS) return false
  return [String(value), value.toPrecision(digits.length)].some(
    (text) => significantDigits(text) === digits,
  )
}

/** Its digits without sign, point, exponent and zeros at both ends. */
function significantDigits(written: string): string {
  const [mantissa = ''] = written.split(/[eE]/, 1)
  const digits = mantissa.replace(/[-.]/g, '')
  let start = 0
  let end = digits.length
  while (digits[start] === '0') start++
  while (end > start && digits[end - 1] === '0') end--
  return digits.slice(start, end)
}

/** @returns How many characters `pattern` matches here */
function lengthOf(source: Source, pattern: RegExp): number {
  pattern.lastIndex = source.at
  if (!pattern.test(source.text)) throw malformed(source)
  return pattern.lastIndex - source.at
}

/** Skips spaces, then `character`. @returns Whether it was there */
function skip(source: Source, character: string): boolean {
  skipSpace(source)
  const found = source.text[source.at] === character
  if (found) source.at++
  return found
}

function skipSpace(source: Source): void {
  for (;;) {
    const code = source.text.charCodeAt(source.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    source.at++
  }
}

function malformed(source: Source): Error {
  const { at, text } = source
  const where = at < text.length ? `at character ${at + 1}` : 'where the text ends'
  source.refusal = { ok: false, kind: 'malformed', fault: `it is no JSON ${where}` }
  return new Error(source.refusal.fault)
}

function ambiguous(source: Source, fault: string): Error {
  const where = `(at character ${source.at + 1})`
  source.refusal = { ok: false, kind: 'ambiguous', fault: `${fault} ${where}` }
  return new Error(source.refusal.fault)
}
