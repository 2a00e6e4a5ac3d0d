import { writeJson } from './write-json.ts'

const MAX_DEPTH = 200

/**
 * Writes JSON from which exactly `value` comes back, or refuses, as {@link writeJson} does and for
 * the same reasons, in a fraction of the time. For values of the own process: a getter or a proxy
 * that shows another value each time it is asked may get by.
 *
 * @throws TypeError naming the place and what is wrong there, never a value
 */
export function stringifyJson(value: unknown): string {
  let json: string | null = null
  try {
    if (isPlainJson(value, 0)) json = JSON.stringify(value)
  } catch {
    // A getter or a proxy that throws; the careful writer says where.
  }
  // Half a surrogate pair is written as an escape of this beginning, and hardly anything else is.
  return json === null || json.includes('\\ud') ? writeJson(value) : json
}

/**
 * Whether `JSON.stringify` leaves nothing of it out and converts nothing but half surrogate pairs.
 */
function isPlainJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      if (value === null) return true
      if (depth >= MAX_DEPTH) return false
      return Array.isArray(value) ? isPlainArray(value, depth) : isPlainObject(value, depth)
    default:
      return false
  }
}

function isPlainArray(value: readonly unknown[], depth: number): boolean {
  // Not every(), which passes over holes.
  for (let index = 0; index < value.length; index++)
    if (!isPlainJson(value[index], depth + 1)) return false
  // Twice as fast as Reflect.ownKeys(), which makes a text of each index.
  return (
    Object.keys(value).length === value.length &&
    Object.getOwnPropertySymbols(value).length === 0 &&
    // A kind of array of somebody's own may have a toJSON.
    Object.getPrototypeOf(value) === Array.prototype
  )
}

function isPlainObject(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const keys = Object.keys(value)
  if (Reflect.ownKeys(value).length !== keys.length) return false
  for (const key of keys) if (!isPlainJson(Reflect.get(value, key), depth + 1)) return false
  return true
}
