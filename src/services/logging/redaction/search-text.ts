import { base64Text } from './base64-text.ts'
import { decodedText } from './decoded-text.ts'
import { addNamedValue } from './named-values.ts'
import { nextHash, type Names } from './names.ts'
import { readableText, type ReadableText } from './readable-text.ts'
import { emailRule, localStart } from './email-rule.ts'
import { addressRules } from './number-rules.ts'
import { tokenRule } from './secret-rules.ts'
import type { AddSpan, Span, TextRule } from './text-rule.ts'

/** What a text is searched with. */
export interface TextSearch {
  /** Looked for in the whole text. */
  readonly rules: readonly TextRule[]
  /** Whether these are none but {@link secretRules}, of which none is in a single word. */
  readonly onlySecrets: boolean
  /** Looked for where a number begins, or what may stand before one. */
  readonly numbers: readonly TextRule[]
  /** Looked for where a letter and soon a digit stand. */
  readonly codes: readonly TextRule[]
  readonly names: Names
  readonly except: ReadonlySet<string>
}

/** Layers of escapes, and of base64, that are undone. */
const MAX_LAYERS = 3

/** Finds all that must not be shown. @returns Spans of `text` in order, none touching another */
export function searchText(text: string, search: TextSearch): readonly Span[] {
  if (search.onlySecrets && isWord(text)) return NOTHING
  const spans = findAll(text, search, 0)
  return spans.length > 1 ? merged(spans) : spans
}

const NOTHING: readonly Span[] = []
const LONGEST_WORD = 24

/** Whether a text is one word of letters, as many values are: it says what nobody hides. */
function isWord(text: string): boolean {
  if (text.length > LONGEST_WORD) return false
  for (let at = 0; at < text.length; at++) {
    const kind = kindOf(text.charCodeAt(at))
    if (kind !== LETTER && kind !== UPPER) return false
  }
  return true
}

function findAll(text: string, search: TextSearch, layer: number): Span[] {
  const spans: Span[] = []
  let view: ReadableText = { text }
  for (let depth = 0; depth <= MAX_LAYERS; depth++) {
    let kinds = searchView(view, search, layer, spans, false)
    if (kinds === UNREADABLE) {
      view = through(readableText(view.text), view)
      kinds = searchView(view, search, layer, spans, true)
    }
    const decoded = (kinds & ESCAPED) === 0 ? undefined : decodedText(view.text)
    if (decoded === undefined) break
    view = through(decoded, view)
  }
  return spans
}

/** A text made from another that was made from a third, with where it stood in the third. */
function through({ text, origin }: ReadableText, { origin: outer }: ReadableText): ReadableText {
  return { text, origin: outer === undefined ? origin : origin?.map((at) => outer[at] ?? 0) }
}

function searchView(
  { text, origin }: ReadableText,
  search: TextSearch,
  layer: number,
  spans: Span[],
  isReadable: boolean,
): number {
  const words: Span[] = []
  let found = words
  const add: AddSpan = (start, end, rule) => {
    if (end <= start || search.except.has(rule)) return
    if (origin === undefined) found.push({ start, end, rule })
    else found.push({ start: origin[start] ?? 0, end: endOf(end, origin), rule })
  }
  const kinds = searchWords(text, search, layer, add, isReadable)
  if (kinds === UNREADABLE) return kinds
  // Of two rules that find the same the first one names it.
  found = spans
  for (const rule of search.rules) if (text.includes(rule.needs)) searchAll(text, rule, add)
  for (const span of words) spans.push(span)
  return kinds
}

function searchAll(text: string, rule: TextRule, add: AddSpan, from = 0): void {
  const { pattern } = rule
  pattern.lastIndex = from
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text))
    addMatch(match, text, rule, add)
}

const LETTER = 1
const UPPER = 2
const DIGIT = 4
/** Go on with what may be base64. */
const JOIN = 8
/** After up to four letters or digits an address of a machine may go on with it. */
const PART = 16
const AT = 32
/** Letters of other alphabets: no boundary of words, and no base64. */
const FOREIGN = 64
/** Something may be written with escapes. */
const ESCAPED = 128
/** Where a text has letters or digits of other alphabets, which may look like ours. */
const UNREADABLE = -1

const KINDS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[a-z]/.test(character)) return LETTER
  if (/[A-Z]/.test(character)) return UPPER
  if (/\d/.test(character)) return DIGIT
  return (
    (/[+/_-]/.test(character) ? JOIN : 0) |
    (/[:.-]/.test(character) ? PART : 0) |
    (character === '@' ? AT : 0) |
    (/[%\\&+]/.test(character) ? ESCAPED : 0)
  )
})
const WORD = LETTER | UPPER | DIGIT

/**
 * Reads the text once, word by word, and tries at each what may begin there.
 *
 * @param isReadable Whether to go on where there are other alphabets' letters
 * @returns What kinds of characters it has, {@link UNREADABLE} where it did not go on
 */
function searchWords(
  text: string,
  search: TextSearch,
  layer: number,
  add: AddSpan,
  isReadable: boolean,
): number {
  const { names } = search
  const { length } = text
  /** Where the run at hand began, with marks that base64 has, and what it has. */
  let run = 0
  let whole = 0
  /** The kind of the character before, where that is none of a word. */
  let before = 0
  let all = 0
  /** What is before these places was found by names, as numbers, and by beginnings. */
  let named = 0
  let counted = 0
  let known = 0
  for (let at = 0; at < length; at++) {
    const first = kindOf(text.charCodeAt(at))
    all |= first
    if ((first & WORD) === 0) {
      if (first === AT) searchAll(text, emailRule, add, localStart(text, at))
      else if ((first & PART) !== 0 && before !== 0 && text.charCodeAt(at) === 58)
        searchAddress(text, at - 1, add)
      if ((first & JOIN) === 0) run = at + 1
      before = first
      continue
    }
    const word = at
    let part = at
    let hash = 0
    /** The same without the digits at the end. */
    let bare = 0
    let seen = 0
    let code = text.charCodeAt(at)
    let kind = first
    let last = 0
    for (;;) {
      if (kind === UPPER && (last & (LETTER | DIGIT)) !== 0) {
        // A capital after a small letter begins another part of the same word.
        if (part >= named && names.mayBegin(text, part, at, hash, bare))
          named = addNamedValue(text, part, names, add)
        part = at
        hash = 0
      }
      hash = nextHash(hash, code)
      if (kind !== DIGIT) bare = hash
      seen |= kind
      last = kind
      if (++at >= length) break
      code = text.charCodeAt(at)
      kind = kindOf(code)
      if ((kind & WORD) === 0) break
    }
    if ((seen & FOREIGN) !== 0 && !isReadable) return UNREADABLE
    if (at >= length) code = kind = 0
    if (run === word) whole = 0
    whole |= seen
    if (part >= named && names.mayBegin(text, part, at, hash, bare))
      named = addNamedValue(text, part, names, add)
    if ((seen & DIGIT) !== 0 && word >= counted && mayBeNumber(text, word, at, seen !== DIGIT)) {
      const rules = text.charCodeAt(word) < 58 ? search.numbers : search.codes
      counted = searchNumber(text, word, at, seen !== DIGIT, rules, add)
    }
    if ((kind & (PART | JOIN)) !== 0 || at - word > 11 || (at >= length && at - word > 8)) {
      if ((seen & (LETTER | UPPER)) !== 0 && word >= known && mayBeToken(text, word, code))
        known = searchAt(text, word, tokenRule, add)
      if (word >= counted && mayBeAddress(at - word, code))
        counted = Math.max(counted, searchAddress(text, word, add))
    }
    if (at - run > 11 && (kind & JOIN) === 0 && isEncoded(whole) && layer < MAX_LAYERS)
      searchEncoded(text, run, at, search, layer, add)
    // The mark after the word is looked at next.
    before = 0
    at--
  }
  return all
}

function kindOf(code: number): number {
  return code < 128 ? (KINDS[code] as number) : LETTER | FOREIGN
}

/**
 * Tokens have a `-` or `_` after their first word, apart from a few that are known by their first
 * letters.
 */
function mayBeToken(text: string, start: number, code: number): boolean {
  if (code === 45 || code === 95) return true
  const next = text.charCodeAt(start + 1)
  switch (text.charCodeAt(start)) {
    case 65: // AKIA, ASIA, AIza
      return next === 75 || next === 83 || next === 73
    case 83: // SG.
      return next === 71
    case 101: // eyJ
      return next === 121
    case 121: // ya29.
      return next === 97
    default:
      return false
  }
}

/** An IPv6 address has a colon, a MAC address after two or four digits a mark of its own. */
function mayBeAddress(length: number, code: number): boolean {
  return (
    (length <= 4 && code === 58) || (length === 2 && code === 45) || (length === 4 && code === 46)
  )
}

function isEncoded(kinds: number): boolean {
  return (kinds & (LETTER | UPPER)) !== 0 && (kinds & FOREIGN) === 0
}

/** Looks into what is base64 of a text, in one or between marks that are also in its alphabets. */
function searchEncoded(
  text: string,
  start: number,
  end: number,
  search: TextSearch,
  layer: number,
  add: AddSpan,
): void {
  const whole = base64Text(text, start, end)
  if (whole !== undefined) {
    const [found] = findAll(whole, search, layer + 1)
    if (found !== undefined) add(start, end, found.rule)
    return
  }
  for (let from = start, at = start; at <= end; at++) {
    if (at < end && !DIVIDES.has(text.charCodeAt(at))) continue
    const inner = at - from > 11 && at - from < end - start ? base64Text(text, from, at) : undefined
    const [found] = inner === undefined ? [] : findAll(inner, search, layer + 1)
    if (found !== undefined) add(from, at, found.rule)
    from = at + 1
  }
}

/** `-`, `/` and `_` may stand between words that are base64 each. */
const DIVIDES: ReadonlySet<number> = /* @__PURE__ */ new Set([45, 47, 95])

/** Whether a word with digits is long enough to be all of a number, or one goes on after it. */
function mayBeNumber(text: string, start: number, end: number, mixed: boolean): boolean {
  const length = end - start
  if ((length === 5 && !mixed) || length > 8 || goesOn(text, end)) return true
  // gb82 west 1234
  if (
    mixed &&
    length === 4 &&
    text.charCodeAt(end) === 32 &&
    kindOf(text.charCodeAt(end + 1)) === LETTER
  )
    return true
  const before = text.charCodeAt(start - 1)
  return before === 43 || before === 40
}

/** No rule wants more digits than a card has at least. */
const MOST_DIGITS = 13
/** A telephone's after a `+`. Addresses of machines may have fewer, and postal codes. */
const FEWEST_DIGITS = 8
const LONGEST_NUMBER = 40

/** Tries rules at a word with digits, by how long it is and how many digits go on after it. */
function searchNumber(
  text: string,
  start: number,
  end: number,
  mixed: boolean,
  rules: readonly TextRule[],
  add: AddSpan,
): number {
  const length = end - start
  let digits = mixed ? MOST_DIGITS : length
  let dots = 0
  let apart = 0
  const most = Math.min(text.length, start + LONGEST_NUMBER)
  for (let at = end; at < most && apart < 4 && digits < MOST_DIGITS; at++) {
    const code = text.charCodeAt(at)
    if (code > 47 && code < 58) {
      if (apart === 1 && text.charCodeAt(at - 1) === 46) dots++
      digits++
      apart = 0
    } else if (isBetween(code)) apart++
    else break
  }
  if (digits < FEWEST_DIGITS && dots < 3 && length !== 5) return 0
  let found = 0
  for (const rule of rules) {
    const { least = 1, most: longest = Infinity, minDigits = 0, minDots = 0, mixes } = rule
    const isFitting =
      length >= least &&
      length <= longest &&
      digits >= minDigits &&
      dots >= minDots &&
      (mixes === undefined || mixes === mixed)
    if (isFitting) found = Math.max(found, searchAt(text, start, rule, add))
  }
  return found
}

/** Whether a number may go on after its first word. */
function goesOn(text: string, end: number): boolean {
  let at = end
  while (at < end + 3 && isBetween(text.charCodeAt(at))) at++
  const code = text.charCodeAt(at)
  return (
    at > end &&
    ((code > 47 && code < 58) ||
      (code > 64 && code < 91) ||
      (at === end + 1 && code > 96 && code < 123 && text.charCodeAt(end) === 45))
  )
}

/** What may stand between the digits of a number. */
function isBetween(code: number): boolean {
  return code === 32 || code === 10 || code === 95 || code === 44 || (code > 39 && code < 48)
}

/**
 * Tries a rule at one place, and before it where a `+` or a bracket stands.
 *
 * @returns Where what was found ends
 */
function searchAt(text: string, start: number, rule: TextRule, add: AddSpan): number {
  const { pattern } = rule
  const from = rule.opens === true ? opening(text, start) : start
  pattern.lastIndex = from
  let match = pattern.exec(text)
  if (match === null && from !== start) {
    pattern.lastIndex = start
    match = pattern.exec(text)
  }
  return match === null ? 0 : addMatch(match, text, rule, add)
}

function searchAddress(text: string, start: number, add: AddSpan): number {
  let end = 0
  for (const rule of addressRules) end = Math.max(end, searchAt(text, start, rule, add))
  return end
}

/** Where a `+` or a bracket stands before a number, or the number begins. */
function opening(text: string, start: number): number {
  let from = start
  while (from > 0 && start - from < 3 && isOpening(text.charCodeAt(from - 1))) from--
  while (from < start && text.charCodeAt(from) === 32) from++
  return from
}

function isOpening(code: number): boolean {
  return code === 43 || code === 40 || code === 32
}

function addMatch(
  match: RegExpExecArray,
  text: string,
  { rule, check }: TextRule,
  add: AddSpan,
): number {
  const { 0: all, index } = match
  const part = match.groups?.['v'] ?? all
  const start = index + all.length - part.length
  const end = start + (check === undefined ? part.length : check(part, text, start))
  add(start, end, rule)
  return end
}

/** One character may be shown as several: the span then has all of it. */
function endOf(end: number, origin: readonly number[]): number {
  let after = end
  while (after < origin.length - 1 && origin[after] === origin[end - 1]) after++
  return origin[after] ?? end
}

/** Puts together what overlaps; the longest names the whole. */
function merged(spans: Span[]): readonly Span[] {
  spans.sort((a, b) => a.start - b.start || b.end - a.end)
  const result: Span[] = []
  let length = 0
  for (const span of spans) {
    const last = result.at(-1)
    const own = span.end - span.start
    if (last === undefined || span.start >= last.end) result.push(span)
    else {
      const rule = own > length ? span.rule : last.rule
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end), rule }
      if (own <= length) continue
    }
    length = own
  }
  return result
}
