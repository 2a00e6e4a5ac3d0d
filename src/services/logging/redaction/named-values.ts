import type { Names } from './names.ts'
import { addSpoken, hasBegun } from './spoken-values.ts'
import { DATE } from './personal-rules.ts'
import { addStreetAddress } from './street-address.ts'
import { searchTable } from './search-table.ts'
import type { FoundSpans } from './text-rule.ts'

/** Between a name and its value: quotes and brackets that end the name, then a mark. */
const MARK =
  /^[\\"'`]{0,8},?\s{0,4}[\\"'`]{0,8}(?:value|val|content|v)[\\"'`]{0,8}\s{0,4}[:=]\s{0,4}|^\s?[\\"'`\])]{0,8}\s{0,4}(?:[:=]{1,2}>?|>|,(?=\s{0,2}\\*["']))\s{0,4}/i

/**
 * Finds the value of the name that begins at `start`, in texts of any notation, whole or cut: JSON
 * (also within JSON), forms and queries, headers, logfmt, YAML, XML, connection strings, command
 * lines, and sentences.
 *
 * @returns Where to look for the next name
 */
export function addNamedValue(
  text: string,
  codes: Uint8Array,
  start: number,
  names: Names,
  found: FoundSpans,
): number {
  const name = names.at(codes, start, found.firstEnd, found.firstHash)
  if (name === undefined) return start
  const { rule, spoken, end } = name
  if (rule === '') return end
  const part = spoken ? undefined : formPart(text, start, end)
  if (part !== undefined) {
    found.add(part.start, part.end, rule)
    return part.end
  }
  if (!spoken && endsHead(codes, end)) searchTable(text, codes, start, end, names, found)
  const mark = spoken || !mayBeMarked(codes, end) ? null : MARK.exec(text.slice(end, end + 40))
  if (mark !== null && endsQuote(text, start, end, mark[0])) return end
  // A list of names has commas too: only what is a secret has its value after one.
  if (
    mark !== null &&
    (!/^\s?[\\"'`\])]*\s*,\s*$/.test(mark[0]) || isSecretPair(text, start, rule, names))
  )
    return Math.max(
      end,
      addMarked(text, start, end + mark[0].length, rule, text.slice(start, end), found),
    )
  if (rule === 'address') addStreetAddress(text, start, end, found)
  else addSpoken(text, start, end, rule, found)
  return end
}

/** Whether what may stand after the name of a column begins here. */
function endsHead(codes: Uint8Array, end: number): boolean {
  const code = codes[end] as number
  return HEAD_ENDS[code] === 1 || (code === 32 && codes[end + 1] === 124)
}

const HEAD_ENDS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 129 }, (_, code) =>
  Number(',;|\t\r\n)"`'.includes(String.fromCharCode(code))),
)

/** The value of a part of a form (RFC 7578), whose name is at this place. */
function formPart(
  text: string,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  const quote = text.charCodeAt(end)
  const next = text.charCodeAt(end + 1)
  // A quote or bracket that ends a line, or what is said of the part.
  if ((quote !== 34 && quote !== 93) || !(next === 10 || next === 13 || next === 59 || next === 34))
    return undefined
  if (
    !/form-data;[^\r\n]{0,80}name="[^"\r\n]{0,60}$/i.test(
      text.slice(Math.max(0, start - 150), start),
    )
  )
    return undefined
  const head = /^[\]"][^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,4}\r?\n/.exec(
    text.slice(end, end + 1200),
  )
  if (head === null) return undefined
  const from = end + head[0].length
  const close = text.slice(from, from + LONGEST_BARE).search(/\r?\n--/)
  return { start: from, end: close < 0 ? Math.min(text.length, from + LONGEST_BARE) : from + close }
}

/** `"my pw:":null`: the quote after the mark ends the name, and begins no value. */
function endsQuote(text: string, start: number, end: number, mark: string): boolean {
  const after = end + mark.length
  if (!/^[:=>]+$/.test(mark) || !/^\\*"/.test(text.slice(after, after + 16))) return false
  return text[start - 1] === '"' || hasBegun(text.slice(Math.max(0, start - 64), start))
}

/**
 * Whether a mark follows, or a word such as `value` before one, after quotes, brackets and spaces.
 */
function mayBeMarked(codes: Uint8Array, end: number): boolean {
  for (let at = end; at < end + 40; at++) {
    const code = codes[at] as number
    const is = BEFORE_VALUES[code]
    if (is !== SKIPPED) return is === MARKS
  }
  return false
}

const SKIPPED = 1
const MARKS = 2
const BEFORE_VALUES: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  return '\\"\'`]) \t\n\r\v\f\u00a0'.includes(character)
    ? SKIPPED
    : /[:=>,vc]/i.test(character)
      ? MARKS
      : 0
})

/** `["cookie", "a=b"]`: a secret's name in quotes, and after it no other name. */
function isSecretPair(text: string, at: number, rule: string, names: Names): boolean {
  if (rule !== 'secret') return false
  const pair = /^[^,]{0,80},\s*\\*["']([^"'\\]{0,200})(?:\\*["']\s*(?:[,\])}]|$)|$)/
  const second = pair.exec(text.slice(at, at + 300))?.[1]
  return second !== undefined && names.under(second) === undefined
}

/** What a value is when there is none, or was hidden before. */
const NOTHING =
  /^(?:(?:true|false|null|undefined|none|nil)(?!\w)|\[[A-Z][A-Z -]*[\]:_]|\*{3}(?![*-]{0,6}\d))/

/** @returns Where the value ends */
function addMarked(
  text: string,
  at: number,
  start: number,
  rule: string,
  name: string,
  found: FoundSpans,
): number {
  // `"Cookie: a=b"` ends with the quote before the name.
  const quote = /["'`]/.exec(text[at - 1] ?? '')?.[0] ?? '\n'
  const opening = /^(?:\\*["'`]|%22)/.exec(text.slice(start, start + 16))?.[0] ?? ''
  const first = start + opening.length
  const end =
    opening !== ''
      ? quotedEnd(text, first, opening)
      : /[[{]/.test(text[start] ?? '')
        ? blockEnd(text, start)
        : start + bareLength(text.slice(start, start + LONGEST_BARE), rule, name, quote)
  if (!NOTHING.test(text.slice(first, first + 12))) found.add(first, end, rule)
  return end
}

const LONGEST_BARE = 4096

const DATE_AT_START = new RegExp(`^(?:${DATE})`, 'i')
/** A text on lines of its own, as YAML writes it. */
const BLOCK = /^[|>][+-]?\d?\r?\n(?:[ \t]{1,40}[^\n]*(?:\n|$)){1,200}/

/** Values without quotes that have spaces in them: to the end of a line, or to the next name. */
function bareLength(text: string, rule: string, name: string, quote: string): number {
  if (/(?:authorization|cookies?)$/i.test(name)) {
    const end = text.indexOf(quote)
    return /^[^\r\n]*/.exec(end < 0 ? text : text.slice(0, end))?.[0].length ?? 0
  }
  const date = rule === 'dob' ? DATE_AT_START.exec(text) : null
  if (date !== null) return date[0].length
  // 394 13, 7412 SL, SW1A 1AA
  const code = rule === 'zip' ? /^[A-Z\d]{2,5}[ -][A-Z\d]{2,4}(?![\w-])/.exec(text) : null
  if (code !== null) return code[0].length
  const block = BLOCK.exec(text)
  if (block !== null) return block[0].length
  const pattern = /^(?:name|address)$/.test(rule)
    ? /^(?:(?![\r\n"'`;&|<>{}\]]|[, ]{1,2}[\w -]{1,20}[:=])(?:[^,]|,(?= ?\d| [A-Z]{2}\b| [A-Z][a-z]+, [A-Z]{2}\b)))*/
    : /^(?:phone|ssn|card|account)$/.test(rule)
      ? /s$/i.test(name)
        ? /^(?:[\d(+][\d ()+./-]{2,}[\d)](?:, ?[\d(+][\d ()+./-]{6,}[\d)])*|[^\s&,;"'`<>|)\]}\\]*)/
        : /^(?:[\d(+][\d ()+./-]{2,}[\d)]|[A-Za-z]{2}\d\d(?: [A-Za-z\d]{4}){2,7}(?: [A-Za-z\d]{1,3}(?![A-Za-z\d]))?|[^\s&,;"'`<>|)\]}\\]*)/
      : /^[^\s&,;"'`<>|)\]}\\]*/
  return pattern.exec(text)?.[0].length ?? 0
}

function quotedEnd(text: string, from: number, opening: string): number {
  const escapes = opening.length - 1
  const quote = opening === '%22' ? opening : (opening.at(-1) ?? '')
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\' && at - backslashes > from) backslashes++
    // A quote that is escaped more than the one it began with is the value's.
    if (quote === opening ? backslashes % 2 === 0 : backslashes <= escapes) {
      // SQL writes one within a text as two.
      if (opening === "'" && at > from && text[at + 1] === "'") at++
      else return at - backslashes
    }
  }
  return text.length
}

/** The end of a list or an object, whose texts may have brackets too. */
function blockEnd(text: string, from: number): number {
  const part = /"(?:[^"\\]|\\.)*(?:"|$)|[[\]{}]/gs
  part.lastIndex = from
  let depth = 0
  for (let found = part.exec(text); found !== null; found = part.exec(text)) {
    if (/[[{]/.test(found[0].slice(0, 1))) depth++
    else if (!found[0].startsWith('"') && --depth === 0) return part.lastIndex
  }
  return text.length
}
