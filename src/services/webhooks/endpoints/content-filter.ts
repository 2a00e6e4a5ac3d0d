import { utf8Length } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import type { Json } from '../../../runtime/ports/json.ts'

/**
 * Chooses events by their content.
 *
 * Keys are paths into the event (`type`, `timestamp`, `data.total`, `data.items.0.sku`), values are
 * a plain value to be equal to or conditions: `$eq $ne $in $gt $gte $lt $lte $exists`. All keys
 * must hold; `$and`, `$or` (lists of filters) and `$not` (a filter) combine.
 *
 * A path that the event does not have, and a comparison of unlike types, is *unknown*: neither it
 * nor its negation matches, so that a filter never lets an event through because a key is missing.
 * Only `$exists` asks for the key itself, and every value can be asked whether it is `null`.
 * Numbers are doubles.
 */
export interface ContentFilter {
  readonly [path: string]: Json
}

/** Limits of a filter. */
const CONTENT_FILTER_LIMITS = {
  /** UTF-8 bytes of its JSON. */
  bytes: 8192,
  /** `$and`, `$or`, `$not` inside one another. */
  depth: 8,
  /** Paths and conditions altogether. */
  conditions: 100,
} as const

/** True, false, or `null` for unknown. */
type Decision = boolean | null

interface Condition {
  readonly [operator: string]: Json
}

/** @returns Whether `event` passes; unknown does not pass */
export function matchesContentFilter(filter: ContentFilter, event: Json): boolean {
  return decideFilter(filter, event) === true
}

/** @returns What is wrong with `filter`, or `null` when it is one */
export function faultOfContentFilter(filter: unknown): string | null {
  const read = readContentFilter(filter)
  return read.ok ? null : read.fault
}

/** Checks and copies a filter. */
export function readContentFilter(
  given: unknown,
):
  | { readonly ok: true; readonly filter: ContentFilter }
  | { readonly ok: false; readonly fault: string } {
  if (!isObject(given))
    return refuse('it is no object, a filter is an object of paths and conditions')
  let json: string
  try {
    json = writeJson(given, { maxCharacters: CONTENT_FILTER_LIMITS.bytes })
  } catch (error) {
    if (error instanceof RangeError)
      return refuse(`it has more than ${CONTENT_FILTER_LIMITS.bytes} bytes`)
    const fault = error instanceof Error ? error.message.replace(/^.*?: value/, 'it') : ''
    return refuse(`it is not JSON, ${fault}`)
  }
  // The copy is what is checked, so that it is what was checked.
  const filter = JSON.parse(json) as ContentFilter
  const fault = faultOfJson(filter, utf8Length(json))
  return fault === null ? { ok: true, filter } : refuse(fault)
}

function refuse(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault }
}

function faultOfJson(filter: ContentFilter, bytes: number): string | null {
  if (bytes > CONTENT_FILTER_LIMITS.bytes)
    return `it has ${bytes} bytes, at most ${CONTENT_FILTER_LIMITS.bytes} are allowed`
  const count = { conditions: 0 }
  const fault = faultOf(filter, 1, count)
  if (fault !== null) return fault
  if (count.conditions <= CONTENT_FILTER_LIMITS.conditions) return null
  return `it has ${count.conditions} conditions, at most ${CONTENT_FILTER_LIMITS.conditions} are allowed`
}

function decideFilter(filter: ContentFilter, event: Json): Decision {
  return every(Object.entries(filter).map(([key, value]) => decideEntry(key, value, event)))
}

function decideEntry(key: string, value: Json, event: Json): Decision {
  switch (key) {
    case '$and':
      return every(filtersOf(value).map((filter) => decideFilter(filter, event)))
    case '$or':
      return some(filtersOf(value).map((filter) => decideFilter(filter, event)))
    case '$not':
      return isObject(value) ? not(decideFilter(value, event)) : null
    default: {
      const found = valueAt(event, key)
      if (!isCondition(value)) return found === undefined ? null : decideEqual(found, value)
      return every(
        Object.entries(value).map(([operator, operand]) =>
          decideCondition(operator, operand, found),
        ),
      )
    }
  }
}

function decideCondition(operator: string, operand: Json, found: Json | undefined): Decision {
  if (operator === '$exists') return (found !== undefined) === operand
  if (found === undefined) return null
  switch (operator) {
    case '$eq':
      return decideEqual(found, operand)
    case '$ne':
      return not(decideEqual(found, operand))
    case '$in':
      return isList(operand) ? some(operand.map((choice) => decideEqual(found, choice))) : null
    case '$gt':
      return compare(found, operand, (order) => order > 0)
    case '$gte':
      return compare(found, operand, (order) => order >= 0)
    case '$lt':
      return compare(found, operand, (order) => order < 0)
    case '$lte':
      return compare(found, operand, (order) => order <= 0)
    default:
      return null
  }
}

/** Of unlike types nothing is known, unless `null` is what is asked for. */
function decideEqual(found: Json, wanted: Json): Decision {
  if (wanted === null) return found === null
  return typeOf(found) === typeOf(wanted) ? isEqual(found, wanted) : null
}

function some(decisions: readonly Decision[]): Decision {
  return not(every(decisions.map(not)))
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  return isList(value) ? 'list' : typeof value
}

function compare(found: Json, operand: Json, holds: (order: number) => boolean): Decision {
  if (typeof found === 'number' && typeof operand === 'number') return holds(found - operand)
  if (typeof found === 'string' && typeof operand === 'string')
    return holds(found < operand ? -1 : found > operand ? 1 : 0)
  return null
}

/** Conjunction in three-valued logic: one false decides, otherwise one unknown does. */
function every(decisions: readonly Decision[]): Decision {
  if (decisions.includes(false)) return false
  return decisions.includes(null) ? null : true
}

function not(decision: Decision): Decision {
  return decision === null ? null : !decision
}

/** Own properties only: `__proto__` and `length` are no keys of an event. */
function valueAt(event: Json, path: string): Json | undefined {
  let value: Json | undefined = event
  for (const step of path.split('.')) {
    if (isList(value)) value = /^\d{1,6}$/.test(step) ? value[Number(step)] : undefined
    else value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
    if (value === undefined) return undefined
  }
  return value
}

function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true
  if (isList(a) && isList(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index] ?? null))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] ?? null, b[key] ?? null))
  )
}

function faultOf(filter: Json, depth: number, count: { conditions: number }): string | null {
  if (!isObject(filter)) return 'a filter inside it is no object'
  if (depth > CONTENT_FILTER_LIMITS.depth)
    return `it is nested too deeply, at most ${CONTENT_FILTER_LIMITS.depth} levels are allowed`
  for (const [key, value] of Object.entries(filter)) {
    count.conditions++
    const fault = faultOfEntry(key, value, depth, count)
    if (fault !== null) return fault
  }
  return null
}

function faultOfEntry(
  key: string,
  value: Json,
  depth: number,
  count: { conditions: number },
): string | null {
  if (key === '$and' || key === '$or') {
    if (!isList(value) || value.length === 0) return `${key} needs a list of filters`
    for (const filter of value) {
      const fault = faultOf(filter, depth + 1, count)
      if (fault !== null) return fault
    }
    return null
  }
  if (key === '$not') return faultOf(value, depth + 1, count)
  if (key.startsWith('$'))
    return `${JSON.stringify(key)} is no operator, $and, $or and $not combine filters`
  if (key === '' || key.split('.').includes('')) return `${JSON.stringify(key)} is no path`
  if (!isObject(value)) return null
  const operators = Object.keys(value).filter((name) => name.startsWith('$'))
  if (operators.length === 0) return null
  if (operators.length < Object.keys(value).length)
    return `${JSON.stringify(key)} mixes conditions with plain keys`
  count.conditions += operators.length - 1
  for (const [operator, operand] of Object.entries(value)) {
    const fault = faultOfOperand(operator, operand)
    if (fault !== null) return `${JSON.stringify(key)}: ${fault}`
  }
  return null
}

function faultOfOperand(operator: string, operand: Json): string | null {
  switch (operator) {
    case '$eq':
    case '$ne':
      return null
    case '$in':
      return isList(operand) ? null : '$in needs a list'
    case '$exists':
      return typeof operand === 'boolean' ? null : '$exists needs true or false'
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return typeof operand === 'number' || typeof operand === 'string'
        ? null
        : `${operator} needs a number or text`
    default:
      return `${operator} is no operator, $eq $ne $in $gt $gte $lt $lte $exists are`
  }
}

function filtersOf(value: Json): readonly ContentFilter[] {
  return isList(value) ? value.filter(isObject) : []
}

function isCondition(value: Json): value is Condition {
  return isObject(value) && Object.keys(value).some((key) => key.startsWith('$'))
}

/** `Array.isArray` would narrow a readonly list to `any[]`. */
function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
