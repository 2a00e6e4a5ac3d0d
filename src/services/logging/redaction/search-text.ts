import { base64Text } from './base64-text.ts'
import { decodedText } from './decoded-text.ts'
import { addNamedValue } from './named-values.ts'
import type { Names } from './names.ts'
import { readableText, type ReadableText } from './readable-text.ts'
import { emailRule, localStart } from './email-rule.ts'
import { addressRules } from './number-rules.ts'
import { tokenRules } from './secret-rules.ts'
import type { AddSpan, Span, TextRule } from './text-rule.ts'

/** What a text is searched with. */
export interface TextSearch {
  /** Looked for in the whole text. */
  readonly rules: readonly TextRule[]
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
  const spans = findAll(text, search, 0)
  return spans.length > 1 ? merged(spans) : spans
}

function findAll(text: string, search: TextSearch, layer: number): Span[] {
  const spans: Span[] = []
  let view = readableOf({ text })
  searchView(view, search, layer, spans)
  for (let depth = 0; depth < MAX_LAYERS; depth++) {
    const decoded = decodedText(view.text)
    if (decoded === undefined) break
    view = readableOf(through(decoded, view))
    searchView(view, search, layer, spans)
  }
  return spans
}

function readableOf(view: ReadableText): ReadableText {
  return /[^\t\n\r -~]/.test(view.text) ? through(readableText(view.text), view) : view
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
): void {
  const add: AddSpan = (start, end, rule) => {
    if (end <= start || search.except.has(rule)) return
    if (origin === undefined) spans.push({ start, end, rule })
    else spans.push({ start: origin[start] ?? 0, end: endOf(end, origin), rule })
  }
  for (const rule of search.rules) if (text.includes(rule.needs)) searchAll(text, rule, add)
  searchWords(text, search, layer, add)
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

const KINDS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[a-z]/.test(character)) return LETTER
  if (/[A-Z]/.test(character)) return UPPER
  if (/\d/.test(character)) return DIGIT
  return (
    (/[+/_-]/.test(character) ? JOIN : 0) |
    (/[:.-]/.test(character) ? PART : 0) |
    (character === '@' ? AT : 0)
  )
})
const WORD = LETTER | UPPER | DIGIT

/** Reads the text once, word by word, and tries at each what may begin there. */
function searchWords(text: string, search: TextSearch, layer: number, add: AddSpan): void {
  const { names, numbers, codes } = search
  /**
   * Where the run at hand, its last word and that word's last part began; what the word and the run
   * have.
   */
  let run = -1
  let word = 0
  let part = 0
  let seen = 0
  let whole = 0
  let before = 0
  /** What is before these places was found by names, as numbers, and by beginnings. */
  let named = 0
  let counted = 0
  let known = 0
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0
    const kind = code < 128 ? (KINDS[code] ?? 0) : LETTER | FOREIGN
    if ((kind & WORD) !== 0) {
      if ((before & WORD) === 0) {
        word = part = at
        seen = 0
        if (run < 0) {
          run = at
          whole = 0
        }
      } else if (kind === UPPER && before !== UPPER) {
        // A capital after a small letter begins another part of the same word.
        if (part >= named && names.mayBegin(text, part, at))
          named = addNamedValue(text, part, names, add)
        part = at
      }
      seen |= kind
      whole |= kind
    } else {
      if ((before & WORD) !== 0) {
        if (part >= named && names.mayBegin(text, part, at))
          named = addNamedValue(text, part, names, add)
        if ((seen & DIGIT) !== 0 && word >= counted && mayBeNumber(text, word, at))
          counted = searchAt(text, word, text.charCodeAt(word) < 58 ? numbers : codes, add)
        if ((kind & (PART | JOIN)) !== 0 || at - word > 11) {
          if ((seen & (LETTER | UPPER)) !== 0 && word >= known)
            known = searchAt(text, word, tokenRules, add)
          if (at - word <= 4 && word >= counted)
            counted = Math.max(counted, searchAt(text, word, addressRules, add))
        }
        if (at - run > 11 && (kind & JOIN) === 0 && isEncoded(whole) && layer < MAX_LAYERS)
          searchEncoded(text, run, at, search, layer, add)
      } else if (code === 58 && before !== 0) searchAt(text, at - 1, addressRules, add)
      if ((kind & JOIN) === 0) run = -1
      if (kind === AT) searchAll(text, emailRule, add, localStart(text, at))
    }
    before = kind
  }
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
  const run = text.slice(start, end)
  const whole = base64Text(run)
  let from = start
  for (const piece of whole === undefined ? run.split(/[/_-]/) : [run]) {
    const inner = whole ?? (piece.length > 11 ? base64Text(piece) : undefined)
    const [found] = inner === undefined ? [] : findAll(inner, search, layer + 1)
    if (found !== undefined) add(from, from + piece.length, found.rule)
    from += piece.length + 1
  }
}

/** Whether a word with digits is long enough to be all of a number, or one goes on after it. */
function mayBeNumber(text: string, start: number, end: number): boolean {
  return (
    end - start > 8 ||
    end - start === 5 ||
    /^(?:[ ()./_,\n-]{1,3}[\dA-Z]|-[a-z])/.test(text.slice(end, end + 4)) ||
    /[+(]/.test(text[start - 1] ?? '')
  )
}

/**
 * Tries rules at one place, and before it where a `+` or a bracket stands.
 *
 * @returns Where what was found ends
 */
function searchAt(text: string, start: number, rules: readonly TextRule[], add: AddSpan): number {
  let from = start
  while (from > 0 && start - from < 3 && '+( '.includes(text[from - 1] ?? '')) from--
  while (from < start && text[from] === ' ') from++
  let end = 0
  for (const rule of rules) {
    const { pattern } = rule
    pattern.lastIndex = from
    let match = pattern.exec(text)
    if (match === null && from !== start) {
      pattern.lastIndex = start
      match = pattern.exec(text)
    }
    if (match !== null) end = Math.max(end, addMatch(match, text, rule, add))
  }
  return end
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
