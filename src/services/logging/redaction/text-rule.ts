/** Where something stands that must not be shown. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly rule: string
}

/** Notes a span, from its first unit to the one after its last. */
export type AddSpan = (start: number, end: number, rule: string) => void

/**
 * Finds one kind of thing in a text, in time proportional to the text's length whatever is in it.
 */
export interface TextRule {
  readonly rule: string
  /** A text without this has nothing for the rule. */
  readonly needs: string
  /**
   * With the flag `g`, or `y` for numbers. A group `v` is what must not be shown, and ends the
   * match; without one all is.
   */
  readonly pattern: RegExp
  /** Of a rule for numbers: the length of the word that one begins with. Default: any. */
  readonly least?: number
  readonly most?: number
  /** Digits that it has at least, up to 13, and points between them. Default 0. */
  readonly minDigits?: number
  readonly minDots?: number
  /** Whether the first word has letters too. Default: either. */
  readonly mixes?: boolean
  /** Whether it may begin with a `+` or a bracket before the word. Default false. */
  readonly opens?: boolean
  /** @returns How many units of `found` it is; 0 when it only looks so. Default: all */
  readonly check?: (found: string, text: string, index: number) => number
}
