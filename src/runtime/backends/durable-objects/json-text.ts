/**
 * A value as the JSON text in which it crosses to a Durable Object and back.
 *
 * Text, because then values mean the same as on every other backend (no functions become stubs, no
 * class instances are refused), and the size of a message is known before it is sent.
 */
export type JsonText<T> = string & { readonly jsonOf?: T }

/**
 * Characters of the longest message. A call takes 32 MiB at most, and a character may need two
 * bytes.
 */
export const MESSAGE_CHARS = 15_000_000

/** @throws TypeError when `value` holds what JSON cannot carry, as a `bigint` */
export function toJsonText<T>(value: T): JsonText<T> {
  const plain = JSON.stringify(value)
  if (!holdsNegativeZero(value)) return plain
  // JSON has a number for it, which JSON.stringify does not write: a text that is nowhere else
  // stands for it.
  let mark = '-0'
  while (plain.includes(mark)) mark += mark
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    Object.is(inner, -0) ? mark : inner,
  )
  return text.replaceAll(`"${mark}"`, '-0')
}

/** @returns The value that {@link toJsonText} made `text` of */
export function fromJsonText<T>(text: JsonText<T>): T {
  // The brand says so: only toJsonText makes one.
  return JSON.parse(text) as T
}

function holdsNegativeZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, -0)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(holdsNegativeZero)
}
