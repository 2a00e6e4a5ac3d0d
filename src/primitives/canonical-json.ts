const MAX_DEPTH = 200

/**
 * Writes a JSON value in the one form that equal values share: no spaces, object keys sorted by
 * UTF-16 code units, numbers as ECMAScript writes them (RFC 8785).
 *
 * Properties that are `undefined` count as absent, as in `JSON.stringify`.
 *
 * @throws TypeError when `value` holds what JSON cannot carry (`NaN`, a function, a `Date`, a
 *   `Map`, …) or nests deeper than 200
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0)
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw refusal(`it nests deeper than ${MAX_DEPTH}`)
  if (value === null || typeof value === 'boolean' || typeof value === 'string')
    return JSON.stringify(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return JSON.stringify(value)
    throw refusal(`it holds ${value}`)
  }
  if (typeof value !== 'object') throw refusal(`it holds a value of type ${typeof value}`)
  if (Array.isArray(value)) {
    // Not map(), which leaves out the holes of a sparse array.
    return `[${Array.from(value, (item: unknown) => write(item, depth + 1)).join(',')}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm has another Object.prototype, itself without a prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw refusal('it holds an object that is not plain')
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member, depth + 1)}`)
  return `{${members.join(',')}}`
}

function refusal(found: string): TypeError {
  return new TypeError(
    `Cannot write canonical JSON: ${found}, only null, booleans, finite numbers, strings, arrays and plain objects allowed`,
  )
}
