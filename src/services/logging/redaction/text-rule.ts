/** Where something stands that must not be shown. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly rule: string
}

/** Takes down what is found in a text. */
export class FoundSpans {
  spans: Span[] = []
  /** Where the last value that is a number for itself ends. */
  numberEnd = 0
  /** Where the last line of a table ends that was looked at. */
  tableEnd = 0
  /** Where a statement may begin that inserts rows. */
  insertAt = -1e9
  /** Where the word at hand ends and the hash of it, where it has small letters alone; else 0. */
  firstEnd = 0
  firstHash = 0
  readonly #except: ReadonlySet<string>
  readonly #origin: readonly number[] | undefined

  /** @param origin Where each unit of the text that is searched stood in the one that came */
  constructor(except: ReadonlySet<string>, origin: readonly number[] | undefined) {
    this.#except = except
    this.#origin = origin
  }

  /** From its first unit to the one after its last. */
  add(start: number, end: number, rule: string): void {
    if (end <= start || this.#except.has(rule)) return
    if (rule === 'ssn' || rule === 'card') this.numberEnd = end
    const origin = this.#origin
    if (origin === undefined) this.spans.push({ start, end, rule })
    else this.spans.push({ start: origin[start] ?? 0, end: endOf(end, origin), rule })
  }
}

/** One character may be shown as several: the span then has all of it. */
function endOf(end: number, origin: readonly number[]): number {
  let after = end
  while (after < origin.length - 1 && origin[after] === origin[end - 1]) after++
  return origin[after] ?? end
}

/**
 * Finds one kind of thing in a text, in time proportional to the text's length whatever is in it.
 */
export interface TextRule {
  readonly rule: string
  /** A text without this has nothing for the rule. */
  readonly needs: string
  /** Words that it begins with, in small letters, where `needs` has no mark. */
  readonly words?: readonly string[]
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
