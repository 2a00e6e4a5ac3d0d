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
  /** @returns How many units of `found` it is; 0 when it only looks so. Default: all */
  readonly check?: (found: string, text: string, index: number) => number
}
