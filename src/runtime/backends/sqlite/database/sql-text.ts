/**
 * A text as it is bound, so that none holds a NUL: Deno's `node:sqlite` reads a column only up to the first one.
 *
 * Order by UTF-8 bytes, equality and prefixes stay as they were: U+0000 becomes U+0001 U+0001, and U+0001 becomes
 * U+0001 U+0002.
 */
export function toSqlText(text: string): string {
  if (!text.includes('\u0000') && !text.includes('\u0001')) return text
  return text.replaceAll('\u0001', '\u0001\u0002').replaceAll('\u0000', '\u0001\u0001')
}

/** @returns The text that {@link toSqlText} was given */
export function fromSqlText(text: string): string {
  if (!text.includes('\u0001')) return text
  return text.replaceAll('\u0001\u0001', '\u0000').replaceAll('\u0001\u0002', '\u0001')
}
