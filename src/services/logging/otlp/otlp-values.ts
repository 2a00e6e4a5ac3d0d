import { jsonOf } from '../logs/json-line.ts'

/** @returns A `KeyValue` list of OTLP/JSON: plain data as attributes */
export function otlpAttributes(fields: Readonly<Record<string, unknown>>): string {
  let list = ''
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    const known = keys.get(name) ?? keyOf(name)
    if (known.value !== value) write(known, value)
    list += list === '' ? known.text : `,${known.text}`
  }
  return `[${list}]`
}

/** The attribute of a name as it was written last. */
interface KnownKey {
  /** What stands before its value. */
  readonly open: string
  value: unknown
  text: string
}

/**
 * Most names are written in the program, and few; and the values of many are the same each time,
 * as a method, a route or a host.
 */
const keys = new Map<string, KnownKey>()
const MAX_KEYS = 1000
const LONGEST = 64

function keyOf(name: string): KnownKey {
  const key = { open: `{"key":${jsonOf(name)},"value":`, value: undefined, text: '' }
  if (keys.size >= MAX_KEYS) keys.clear()
  if (name.length <= LONGEST) keys.set(name, key)
  return key
}

function write(known: KnownKey, value: unknown): void {
  known.text = `${known.open}${otlpValue(value)}}`
  // A list or a long text is not kept: it may have changed, or fill the memory.
  const isShort = typeof value === 'string' ? value.length <= LONGEST : typeof value !== 'object'
  known.value = isShort ? value : undefined
  // Asked for a character, V8 makes one piece of a text that it had put together of many.
  known.text.charCodeAt(0)
}

/** @returns An `AnyValue`: integers that 64 bits hold are texts, as OTLP/JSON wants them */
function otlpValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${jsonOf(value)}}`
    case 'boolean':
      return `{"boolValue":${String(value)}}`
    case 'number':
      // A whole number beyond what is exact would be refused with all its batch.
      if (Number.isSafeInteger(value)) return `{"intValue":"${value}"}`
      return `{"doubleValue":${Number.isFinite(value) ? value : `"${value}"`}}`
    case 'object':
      if (Array.isArray(value))
        return `{"arrayValue":{"values":[${value.map(otlpValue).join(',')}]}}`
      if (value !== null)
        return `{"kvlistValue":{"values":${otlpAttributes(value as Record<string, unknown>)}}}`
      return '{}'
    default:
      return `{"stringValue":${jsonOf(String(value))}}`
  }
}

/** ms since 1970 as the nanoseconds of OTLP/JSON. */
export function nanos(ms: number): string {
  if (ms !== lastMs) {
    lastText = Number.isInteger(ms) ? `"${ms}000000"` : `"${Math.round(ms * 1000)}000"`
    lastMs = ms
  }
  return lastText
}

/** Most of what is written together happened together. */
let lastMs = NaN
let lastText = ''

/** @returns A `Resource` of OTLP/JSON: what sends all this */
export function resourceOf(
  service = 'app',
  resource: Readonly<Record<string, string | number | boolean>> = {},
): string {
  return `{"attributes":${otlpAttributes({ 'service.name': service, ...resource })}}`
}
