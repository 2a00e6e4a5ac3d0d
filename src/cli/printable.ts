/**
 * What a terminal would obey in place of showing it: control characters, and marks that turn the
 * direction of what follows.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text of others, on one line and harmless to a terminal. */
export function printable(value: unknown): string {
  if (value === null || value === undefined) return '-'
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '-')
  return text.replaceAll(OBEYED, '\uFFFD')
}

/** The same as JSON on one line, every character kept, those written as `\u001b`. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    OBEYED,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A moment in ms since 1970, as ISO 8601. */
export function shownInstant(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString()
}
