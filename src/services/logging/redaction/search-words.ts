import {
  DIGIT,
  FOREIGN,
  JOIN,
  KINDS,
  LETTER,
  MARK,
  MARKS,
  PART,
  TRIGGER,
  UPPER,
  WORD,
} from './character-kinds.ts'
import { emailRule, localStart } from './email-rule.ts'
import { addNamedValue } from './named-values.ts'
import { mayBeGlued, nextHash } from './name-letters.ts'
import { STARTS, TRIGGERS, type Names } from './names.ts'
import { addressRules } from './number-rules.ts'
import { searchAt } from './search-at.ts'
import { searchEncoded, searchPairs } from './search-encoded.ts'
import { mayBeNumber, searchNumber } from './search-numbers.ts'
import { tokenRule } from './secret-rules.ts'
import { addOneWordStreet } from './street-address.ts'
import type { FoundSpans, TextRule } from './text-rule.ts'

/** What a text is searched with, word by word. */
export interface WordSearch {
  /** Looked for where a number begins, or what may stand before one. */
  readonly numbers: readonly TextRule[]
  /** Looked for where a letter and soon a digit stand. */
  readonly letters: readonly TextRule[]
  readonly names: Names
}

/**
 * Reads the text once, word by word, and tries at each what may begin there.
 *
 * @param firstRule What is found first in a text that was decoded, `undefined` to decode none
 * @param codes Of `text`, by {@link takeCodes}
 * @returns What marks it has
 */
export function searchWords(
  text: string,
  codes: Uint8Array,
  { names, numbers, letters }: WordSearch,
  found: FoundSpans,
  firstRule: ((text: string) => string | undefined) | undefined,
): number {
  const { length } = text
  const known = names.kinds
  const kinds = KINDS
  /** Where the run at hand began, with marks that base64 has, and what it has. */
  let run = 0
  let whole = 0
  /** The kind of the character before, where that is none of a word. */
  let before = 0
  let marks = 0
  /** What is before these places was found by names, as numbers, and by beginnings. */
  let named = 0
  let counted = 0
  let begun = 0
  /** Up to here there are too few digits for a number. */
  let few = 0
  /** And up to here pairs of hex digits. */
  let paired = 0
  for (let at = 0; at < length;) {
    let code = codes[at] as number
    let kind = kinds[code] as number
    if ((kind & WORD) === 0) {
      if ((kind & MARK) !== 0) {
        marks |= MARKS[code] as number
        if (code === 64) searchAt(text, localStart(codes, at), emailRule, found)
        else if (code === 58 && before !== 0) searchAddress(text, at - 1, found)
      }
      at++
      if ((kind & JOIN) === 0) run = at
      before = kind
      continue
    }
    const word = at
    let part = at
    let hash = 0
    /** The same without the digits at the end. */
    let bare = 0
    let seen = 0
    for (;;) {
      if (kind === DIGIT)
        do {
          hash = nextHash(hash, code)
          code = codes[++at] as number
          kind = kinds[code] as number
          seen |= DIGIT
        } while (kind === DIGIT)
      else {
        do {
          hash = nextHash(hash, code)
          seen |= kind
          code = codes[++at] as number
          kind = kinds[code] as number
        } while (kind === LETTER)
        bare = hash
      }
      if ((kind & WORD) === 0) break
      if (kind === UPPER && (kinds[codes[at - 1] as number] as number) !== UPPER) {
        // A capital after a small letter begins another part of the same word.
        const is = (known[hash] as number) | (known[bare] as number)
        if ((is & STARTS) !== 0 && part >= named)
          named = addNamedValue(text, codes, part, names, found)
        part = at
        hash = 0
      }
    }
    const is = (known[hash] as number) | (known[bare] as number)
    // A short word before a space or comma: most are no more than that, nor a number before a word.
    if (
      kind === 0 &&
      at - run < 8 &&
      (is & (STARTS | TRIGGERS)) === 0 &&
      ((seen & (DIGIT | FOREIGN)) === 0 ||
        (seen === DIGIT &&
          at - word < 5 &&
          run === word &&
          kinds[codes[at + 1] as number] === LETTER &&
          (word === 0 || codes[word - 1] !== OPENING)))
    ) {
      run = ++at
      before = 0
      continue
    }
    if (run === word) whole = 0
    whole |= seen
    if (is !== 0 || (at - part > 7 && mayBeGlued(codes, at))) {
      if ((is & TRIGGERS) !== 0) {
        marks |= TRIGGER
        if (at - part === 6) found.insertAt = part
      }
      if (part >= named && ((is & STARTS) !== 0 || mayBeGlued(codes, at))) {
        // Of small letters alone all is known that a name begins with.
        found.firstEnd = seen === LETTER ? at : 0
        found.firstHash = hash
        named = addNamedValue(text, codes, part, names, found)
        found.firstEnd = 0
        // What was found by its name need not be found as a number.
        if (found.numberEnd > counted) counted = found.numberEnd
      }
    }
    if (
      at - word === 2 &&
      kind === 0 &&
      firstRule !== undefined &&
      word >= paired &&
      mayBePair(codes, word)
    ) {
      const spans = found.spans.length
      paired = searchPairs(text, word, firstRule, found)
      if (found.spans.length > spans) counted = paired
    }
    if ((seen & UPPER) !== 0 && at - word > 6 && code !== 0 && mayBeHouse(codes, at))
      addOneWordStreet(text, word, found)
    if (
      (seen & DIGIT) !== 0 &&
      word >= counted &&
      (word >= few || seen !== DIGIT || at - word === 5) &&
      // %20 is a space, and what follows a number of its own.
      (word === 0 || codes[word - 1] !== PERCENT) &&
      mayBeNumber(codes, word, at, seen !== DIGIT, code)
    ) {
      const rules = (codes[word] as number) < 58 ? numbers : letters
      const end = searchNumber(text, codes, word, at, seen !== DIGIT, rules, found)
      if (end < 0) few = -end
      else counted = end
    }
    if ((kind & (PART | JOIN)) !== 0 || at - word > 8) {
      if (word >= begun && (seen & (LETTER | UPPER)) !== 0) {
        const from = tokenStart(text, codes, word, at, code)
        if (from >= 0) begun = searchAt(text, from, tokenRule, found)
      }
      if (word >= counted && mayBeAddress(at - word, code))
        counted = Math.max(counted, searchAddress(text, word, found))
    }
    if (
      at - run > 11 &&
      (kind & JOIN) === 0 &&
      firstRule !== undefined &&
      // Of digits alone only the hex of many digits is more than a number.
      ((whole & (LETTER | UPPER)) !== 0 || at - run > 17) &&
      (whole & FOREIGN) === 0
    )
      searchEncoded(text, run, at, firstRule, found)
    before = 0
  }
  return marks
}

const PERCENT = 37
const OPENING = 40

/** Whether two characters may be a printable one in hex, and so what follows. */
function mayBePair(codes: Uint8Array, at: number): boolean {
  const first = codes[at] as number
  const next = codes[at + 3] as number
  return first > 49 && first < 56 && codes[at + 2] === 32 && next > 49 && next < 56
}

/** Whether a space and a digit follow, perhaps after a point. */
function mayBeHouse(codes: Uint8Array, end: number): boolean {
  const space = codes[end] === 46 ? end + 1 : end
  return codes[space] === 32 && KINDS[codes[space + 1] as number] === DIGIT
}

/** Two letters that tokens begin with which go on with a `-` or `_`. */
const BEGINNINGS: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'sk,rk,wh,gh,gi,gl,xo,re,ke,np,hf,do,sn,wc,sh,gs,py,xa,dc,li,AG,se,to,pa'.split(','),
)
const INNER = /^(?:secret|token|key|pat)$/

/**
 * Where a token may begin at this word, or at the one before it. Tokens have a `-` or `_` after
 * their first word, apart from a few that are known by their first letters.
 *
 * @returns -1 where none does
 */
function tokenStart(
  text: string,
  codes: Uint8Array,
  start: number,
  end: number,
  code: number,
): number {
  if (code === 45 || code === 95) {
    if (!BEGINNINGS.has(text.slice(start, start + 2))) return -1
    const before = start > 0 ? codes[start - 1] : 0
    if ((before !== 45 && before !== 95) || !INNER.test(text.slice(start, end))) return start
    let from = start - 1
    while (from > 0 && isSmall(KINDS[codes[from - 1] as number] as number)) from--
    return from === start - 1 ? start : from
  }
  if (end - start < 4 && code !== 46) return -1
  const next = codes[start + 1]
  switch (codes[start]) {
    case 65: // AKIA, ASIA, AIza
      return next === 75 || next === 83 || next === 73 ? start : -1
    case 83: // SG.
      return next === 71 ? start : -1
    case 101: // eyJ
      return next === 121 ? start : -1
    case 121: // ya29.
      return next === 97 ? start : -1
    default:
      return -1
  }
}

function isSmall(kind: number): boolean {
  return kind === LETTER || kind === DIGIT
}

/** An IPv6 address has a colon, a MAC address after two or four digits a mark of its own. */
function mayBeAddress(length: number, code: number): boolean {
  return (
    (length <= 4 && code === 58) || (length === 2 && code === 45) || (length === 4 && code === 46)
  )
}

function searchAddress(text: string, start: number, found: FoundSpans): number {
  let end = 0
  for (const rule of addressRules) end = Math.max(end, searchAt(text, start, rule, found))
  return end
}
