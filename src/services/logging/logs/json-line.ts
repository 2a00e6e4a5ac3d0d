/**
 * Control characters, and those that turn the direction of text: a terminal or a reader might obey
 * them.
 */
const UNSAFE = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Longer texts are as fast with JSON.stringify. */
const SHORT = 48

/** @returns JSON that is ASCII where that matters: any value that `plainValue` makes */
export function jsonOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return jsonText(value)
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return escapeUnsafe(JSON.stringify(value) ?? 'null')
  }
}

function jsonText(text: string): string {
  if (text.length > SHORT) return escapeUnsafe(JSON.stringify(text))
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 32 || code > 126 || code === 34 || code === 92)
      return escapeUnsafe(JSON.stringify(text))
  }
  return `"${text}"`
}

/** @returns `text` with `\u` escapes where characters do something other than be seen */
export function escapeUnsafe(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Writes fields as the inside of a JSON object, each with a comma before it. A field whose name is
 * the format's own gets a `_` before it, so that nobody's data is taken for the level or the time.
 */
export function jsonFields(
  fields: Readonly<Record<string, unknown>>,
  reserved: ReadonlySet<string>,
): string {
  let beginnings = beginningsBy.get(reserved)
  if (beginnings === undefined) {
    beginnings = new Map<string, string>()
    beginningsBy.set(reserved, beginnings)
  }
  let json = ''
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined) continue
    const beginning = beginnings.get(name) ?? beginningOf(name, fields, reserved, beginnings)
    json += beginning + jsonOf(value)
  }
  return json
}

/**
 * What stands before a field's value, by the names that are the format's own. Most names are
 * written in the program, and few.
 */
const beginningsBy = new WeakMap<ReadonlySet<string>, Map<string, string>>()
const MAX_BEGINNINGS = 1000

function beginningOf(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  reserved: ReadonlySet<string>,
  beginnings: Map<string, string>,
): string {
  // Which name is free depends on the others.
  if (reserved.has(name)) return `,${jsonText(freeName(name, fields))}:`
  const beginning = `,${jsonText(name)}:`
  if (beginnings.size >= MAX_BEGINNINGS) beginnings.clear()
  if (name.length <= SHORT) beginnings.set(name, beginning)
  return beginning
}

/** @returns `name`, with as many `_` before it as keep it from being another's */
function freeName(name: string, fields: Readonly<Record<string, unknown>>): string {
  let free = `_${name}`
  while (Object.hasOwn(fields, free)) free = `_${free}`
  return free
}
