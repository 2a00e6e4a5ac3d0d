import { DIGIT, kindOf, LETTER, UPPER } from './character-kinds.ts'
import { searchAt } from './search-at.ts'
import type { FoundSpans, TextRule } from './text-rule.ts'

/**
 * Whether a word with digits is long enough to be all of a number, or one goes on after it.
 *
 * @param next The code of the character after it
 */
export function mayBeNumber(
  codes: Uint8Array,
  start: number,
  end: number,
  mixed: boolean,
  next: number,
): boolean {
  const length = end - start
  if ((length === 5 && !mixed) || length > 8) return true
  if (isBetween(next)) {
    const kind = kindOf(codes[end + 1] as number)
    if (kind === DIGIT || kind === UPPER) return true
    // gb82 west 1234
    if (kind === LETTER && (next === 45 || (mixed && length === 4 && next === 32))) return true
    if (kind !== LETTER && goesOn(codes, end + 1)) return true
  }
  const before = start > 0 ? codes[start - 1] : 0
  return before === 43 || before === 40
}

/** No rule wants more digits than a card has at least. */
const MOST_DIGITS = 13
/** A telephone's after a `+`. Addresses of machines may have fewer, and postal codes. */
const FEWEST_DIGITS = 8
const LONGEST_NUMBER = 40

/**
 * Tries rules at a word with digits, by how long it is and how many digits go on after it.
 *
 * @returns Where what was found ends, 0 where nothing was; less where there are too few digits for
 *   any rule, up to that place
 */
export function searchNumber(
  text: string,
  codes: Uint8Array,
  start: number,
  end: number,
  mixed: boolean,
  rules: readonly TextRule[],
  found: FoundSpans,
): number {
  const length = end - start
  let digits = mixed ? MOST_DIGITS : length
  let dots = 0
  let apart = 0
  const most = Math.min(text.length, start + LONGEST_NUMBER)
  let at = end
  for (; at < most && apart < 4 && digits < MOST_DIGITS; at++) {
    const code = codes[at] as number
    if (code > 47 && code < 58) {
      if (apart === 1 && codes[at - 1] === 46) dots++
      digits++
      apart = 0
    } else if (isBetween(code)) apart++
    else break
  }
  if (digits < FEWEST_DIGITS && dots < 3 && length !== 5) return mixed ? 0 : -at
  for (const rule of rules) {
    const { least = 1, most: longest = Infinity, minDigits = 0, minDots = 0, mixes } = rule
    const isFitting =
      length >= least &&
      length <= longest &&
      digits >= minDigits &&
      dots >= minDots &&
      (mixes === undefined || mixes === mixed)
    const last = isFitting ? searchOpened(text, start, rule, found) : 0
    if (last > 0) return last
  }
  return 0
}

/** Tries a rule where a number begins, and before it where a `+` or a bracket stands. */
function searchOpened(text: string, start: number, rule: TextRule, found: FoundSpans): number {
  if (rule.opens !== true) return searchAt(text, start, rule, found)
  let from = start
  while (from > 0 && start - from < 3 && isOpening(text.charCodeAt(from - 1))) from--
  while (from < start && text.charCodeAt(from) === 32) from++
  for (; from <= start; from++) {
    const end = text[from] === ' ' ? 0 : searchAt(text, from, rule, found)
    if (end > 0) return end
  }
  return 0
}

function isOpening(code: number): boolean {
  return code === 43 || code === 40 || code === 32
}

/** Whether a number may go on after a word and a mark. */
function goesOn(codes: Uint8Array, from: number): boolean {
  let at = from
  while (at < from + 2 && isBetween(codes[at] as number)) at++
  const kind = kindOf(codes[at] as number)
  return at > from && (kind === DIGIT || kind === UPPER)
}

/** What may stand between the digits of a number. */
function isBetween(code: number): boolean {
  return (
    code === 32 ||
    code === 95 ||
    (code > 39 && code < 48) ||
    code === 9 ||
    code === 10 ||
    code === 13
  )
}
