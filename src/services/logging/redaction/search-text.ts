import { ESCAPES, kindOf, LETTER, UPPER } from './character-kinds.ts'
import { decodedText } from './decoded-text.ts'
import { readableText, type ReadableText } from './readable-text.ts'
import { searchAll } from './search-at.ts'
import { searchWords, type WordSearch } from './search-words.ts'
import { giveBack, takeCodes } from './text-codes.ts'
import { FoundSpans, type Span, type TextRule } from './text-rule.ts'

/** What a text is searched with. */
export interface TextSearch extends WordSearch {
  /** Looked for in the whole text. */
  readonly rules: readonly TextRule[]
  /** {@link markOf} what each of them needs, 0 when nothing. */
  readonly marksOfRules: readonly number[]
  /** Whether these are none but {@link secretRules}, of which none is in a single word. */
  readonly onlySecrets: boolean
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
/** Longer ones may be base64. */
const LONGEST_WORD = 11

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
  const firstRule =
    layer === MAX_LAYERS
      ? undefined
      : (decoded: string): string | undefined => findAll(decoded, search, layer + 1)[0]?.rule
  let spans: Span[] | undefined
  let view: ReadableText = { text }
  for (let depth = 0; ; depth++) {
    let codes = takeCodes(view.text, false)
    if (codes === undefined) {
      // Letters or digits of other alphabets may look like ours.
      view = through(readableText(view.text), view)
      codes = takeCodes(view.text, true) as Uint8Array
    }
    const found = new FoundSpans(search.except, view.origin)
    const marks = searchWords(view.text, codes, search, found, firstRule)
    giveBack(codes)
    searchRules(view.text, search, marks, found)
    if (spans === undefined) ({ spans } = found)
    else for (const span of found.spans) spans.push(span)
    if ((marks & ESCAPES) === 0 || depth === MAX_LAYERS) return spans
    const decoded = decodedText(view.text)
    if (decoded === undefined) return spans
    view = through(decoded, view)
  }
}

/** A text made from another that was made from a third, with where it stood in the third. */
function through({ text, origin }: ReadableText, { origin: outer }: ReadableText): ReadableText {
  return { text, origin: outer === undefined ? origin : origin?.map((at) => outer[at] ?? 0) }
}

/** Tries the rules that look through the whole text, where it has the marks they need. */
function searchRules(
  text: string,
  { rules, marksOfRules }: TextSearch,
  marks: number,
  found: FoundSpans,
): void {
  const words = found.spans
  found.spans = []
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at] as TextRule
    const needed = marksOfRules[at] as number
    if (needed === 0 || ((marks & needed) !== 0 && text.includes(rule.needs)))
      searchAll(text, rule, found)
  }
  // Of two rules that find the same the first one names it.
  if (found.spans.length > 0) for (const span of words) found.spans.push(span)
  else found.spans = words
}

/** Puts together what overlaps; the longest names the whole. */
function merged(spans: Span[]): readonly Span[] {
  let isApart = true
  let isInOrder = true
  for (let at = 1; at < spans.length; at++) {
    const before = spans[at - 1] as Span
    const span = spans[at] as Span
    if (span.start < before.end) isApart = false
    if (inOrder(before, span) > 0) isInOrder = false
  }
  if (isApart) return spans
  if (!isInOrder) spans.sort(inOrder)
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

function inOrder(a: Span, b: Span): number {
  return a.start - b.start || b.end - a.end
}
