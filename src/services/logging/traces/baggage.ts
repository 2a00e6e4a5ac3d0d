/**
 * What travels along a trace beside it, by name (W3C Baggage). Whoever is called can read it:
 * nothing personal.
 */
export type Baggage = ReadonlyMap<string, BaggageEntry>

/** One value, and what stood behind it after a `;`, which goes on untouched. */
export interface BaggageEntry {
  readonly value: string
  readonly properties?: string | undefined
}

/** Members, and bytes of the whole header, that every system must let through. */
const MAX_MEMBERS = 64
const MAX_BYTES = 8192
/** No header can have it. */
const UNSENT = /[^\t -~]|,/
const KEY = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/
const VALUE = /^[!#-+\--:<-[\]-~]*$/

/** Reads a `baggage` header. Malformed members are left out, and what goes beyond the limits. */
export function readBaggage(header: string | null | undefined): Baggage {
  const entries = new Map<string, BaggageEntry>()
  const text = header ?? ''
  const parts = text.slice(0, MAX_BYTES).split(',')
  // A value that was cut is another one.
  if (text.length > MAX_BYTES && text[MAX_BYTES] !== ',') parts.pop()
  for (const part of parts) {
    const [member = '', ...rest] = part.split(';')
    const at = member.indexOf('=')
    const key = member.slice(0, Math.max(at, 0)).trim()
    const value = decoded(member.slice(at + 1).trim())
    if (at < 1 || !KEY.test(key) || value === undefined || entries.size >= MAX_MEMBERS) continue
    const properties = rest.join(';').trim()
    entries.set(key, properties === '' ? { value } : { value, properties })
  }
  return entries
}

/**
 * @returns The header, `undefined` when there is nothing to say. What goes beyond the limits is
 *   left out
 */
export function writeBaggage(baggage: Baggage): string | undefined {
  let header = ''
  for (const [key, { value, properties }] of Array.from(baggage).slice(0, MAX_MEMBERS)) {
    // Who composed it may have put anything there.
    if (typeof value !== 'string' || !KEY.test(key)) continue
    const member = `${key}=${encoded(value)}${properties === undefined || UNSENT.test(properties) ? '' : `;${properties}`}`
    const longer = header === '' ? member : `${header},${member}`
    // Encoded it is ASCII: units are bytes.
    if (longer.length <= MAX_BYTES) header = longer
  }
  return header === '' ? undefined : header
}

function decoded(text: string): string | undefined {
  if (!VALUE.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Only what must be is coded; a lone surrogate becomes the character that stands for none. */
function encoded(value: string): string {
  return value.toWellFormed().replace(/[^!#$&-+\--:<-[\]-~]/gu, encodeURIComponent)
}
