import type { PathStep } from '../values/value-rules.ts'

/** Something that was found, for tests and audits. It does not carry what was found. */
export interface Redaction {
  /** Where it stood: names and places in lists, from the outside in. */
  readonly path: readonly PathStep[]
  /** What it is, as `email`, `card` or `secret`. */
  readonly rule: string
  /** The units of the text at `path` that it took. */
  readonly start: number
  readonly end: number
}

/**
 * Makes copies without secrets and personal data. Never throws over a value and never changes one.
 */
export interface Redactor {
  /**
   * @returns The text without what it must not say
   * @throws TypeError when it is no text
   */
  text(text: string): string
  /**
   * @returns A copy as plain data, which JSON can carry: dates are ISO texts, maps objects, sets
   *   lists, big integers texts; what cannot be read or refers to itself is named
   */
  object(value: unknown): unknown
  /** @returns What `object` would hide, in the order it is found */
  explain(value: unknown): readonly Redaction[]
}
