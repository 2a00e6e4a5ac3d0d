import { jsonOf } from '../logs/json-line.ts'

/** @returns A `KeyValue` list of OTLP/JSON: plain data as attributes */
export function otlpAttributes(fields: Readonly<Record<string, unknown>>): string {
  let list = ''
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    list += (list === '' ? '' : ',') + (keys.get(name) ?? keyOf(name)) + otlpValue(value) + '}'
  }
  return `[${list}]`
}

/** What stands before an attribute's value. Most names are written in the program, and few. */
const keys = new Map<string, string>()
const MAX_KEYS = 1000
const LONGEST_KEY = 64

function keyOf(name: string): string {
  const key = `{"key":${jsonOf(name)},"value":`
  if (keys.size >= MAX_KEYS) keys.clear()
  if (name.length <= LONGEST_KEY) keys.set(name, key)
  return key
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
      return Number.isSafeInteger(value) ? `{"intValue":"${value}"}` : `{"doubleValue":${value}}`
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
  return Number.isInteger(ms) ? `"${ms}000000"` : `"${Math.round(ms * 1000)}000"`
}

/** @returns A `Resource` of OTLP/JSON: what sends all this */
export function resourceOf(
  service = 'app',
  resource: Readonly<Record<string, string | number | boolean>> = {},
): string {
  return `{"attributes":${otlpAttributes({ 'service.name': service, ...resource })}}`
}
