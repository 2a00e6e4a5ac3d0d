import type { Names } from './names.ts'
import { DATE } from './personal-rules.ts'
import { addStreetAddress } from './street-address.ts'
import type { AddSpan } from './text-rule.ts'

/** Between a name and its value: quotes and brackets that end the name, then a mark. */
const MARK =
  /^[\\"'`]{0,8},?\s{0,4}[\\"'`]{0,8}(?:value|val|content|v)[\\"'`]{0,8}\s{0,4}[:=]\s{0,4}|^\s?[\\"'`\])]{0,8}\s{0,4}(?:[:=]{1,2}>?|>|,(?=\s{0,2}\\*["']))\s{0,4}/i

/** Words that may stand between a name and its value in a sentence. */
const JOINING =
  '(?:[^\\w\\n+(]{0,4}(?:is|was|are|no|num|number|id|code|of|for|on|file|my|your|his|her|their|the|an?|me|us|him|them|at|in|to|with|new|old|ending|last|four|4|digits|set|changed|as|please|card|line|now|patient|called|[A-Z][a-z]{1,14})(?!\\w)){0,5}[^\\w\\n+(]{0,4}'

/** Of these, few words may stand before a number: other numbers are near as often. */
const CAREFUL = /^(?:secret|account|card|phone|device|vehicle|zip)$/

const CODE = '[A-Za-z]{0,5}[-#]?(?=[\\w-]*\\d[\\w-]*\\d[\\w-]*\\d)\\d[\\w-]{2,20}'
const DIGITS = '\\+?\\(?\\d(?:[ ()./-]{0,2}\\d){5,18}(?!\\d|e[+-]?\\d)'

/** What a value without a mark looks like, by its rule; rules that are not here want a mark. */
const SHAPES: Readonly<Record<string, string>> = {
  secret:
    '(?<=\\w:?\\s)["\'`](?![\\s:,}\\])])[^"\'`\\n]{1,200}(?=["\'`])|\\d(?:[ -]?\\d){2,7}(?!\\d)|(?![{}\\],])(?=[^\\s"\'`[]*(?:\\d|[a-z][A-Z]|[^\\w\\s.,;:!?()\'"\\[\\]-]))[^\\s"\'`[]{4,200}',
  ssn: '(?<=(?:last (?:four|4)(?: digits)?|ending(?: in| with)?)[^\\w\\n]{1,3}(?:(?:of|is|are|in) )?)\\d{4}(?![\\w-])|\\d{4}[ -]?\\d{4}[ -]?\\d{4}(?!\\d)|\\d{3}\\.\\d{3}\\.\\d{3}-\\d\\d(?!\\d)|[A-Z]{2} ?\\d\\d ?\\d\\d ?\\d\\d ?[A-D](?!\\w)|[\\d*xX]{3}[ ._/-]?[\\d*xX]{2}[ ._/-]?\\d{4}(?!\\d)|\\d(?:[ -]?\\d){8}(?!\\d)',
  mac: '[\\da-f]{12}(?!\\w)',
  npi: '\\d(?:[ -]?\\d){9}(?!\\d)',
  dea: '[A-Z]{2}\\d{7}(?!\\d)',
  mrn: CODE,
  plan: CODE,
  license: `${CODE}|[A-Z]?\\d{3}[ -]\\d{3}[ -]\\d{2,3}`,
  passport: '[A-Z]{0,3}\\d{6,9}(?!\\d)',
  dob: `${DATE}|(?:19|20)\\d{6}(?!\\d)`,
  account: `${DIGITS}|\\d\\d-\\d\\d-\\d\\d(?!\\d)`,
  card: '\\d(?:[ -]?\\d){11,18}(?!\\d)',
  phone: DIGITS,
  device: CODE,
  vehicle: '[A-Z\\d]{1,4}[ -]?(?=[A-Z -]*\\d)[A-Z\\d]{2,14}',
  zip: '\\d{5}(?:-\\d{4})?(?!\\d)|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}|[A-Z]\\d[A-Z] ?\\d[A-Z]\\d',
}

/** A name after a title or a greeting. */
const PERSON =
  "\\p{Lu}[\\p{L}'’-]*\\.?(?: (?:(?:van|von|de|der|da|di|bin|al|el|la) ){0,2}\\p{Lu}[\\p{L}'’-]*\\.?){0,3}"

/** Begin with a capital where a name might, and name nobody. */
const NOBODY =
  'IDs?|Ids?|No|Number|Portal|Records?|Name|Data|Services?|Info|Information|Care|Safety|Account|Sir|Madam|Team|Customer|User|All|Support|The|An?|Is|Has|Was|Not|Admin|Status|Type|Count|[A-Z]{2,5}'

const NAME = [
  new RegExp(`^(?: is| him| her)?[.,:]?\\s{1,2}(?!(?:${NOBODY})\\b)(?<v>${PERSON})`, 'u'),
  undefined,
] as const

const spoken = new Map<string, readonly [after: RegExp, before: RegExp | undefined]>()

function spokenOf(rule: string): readonly [RegExp, RegExp | undefined] | undefined {
  if (rule === 'name') return NAME
  const shape = SHAPES[rule]
  if (shape === undefined) return undefined
  let known = spoken.get(rule)
  if (known === undefined) {
    // Where all cases are alike, any word may stand between: "SSN of our customer: 123456789".
    const flags = CAREFUL.test(rule) ? '' : 'i'
    // Telephones and accounts may begin with a bracket of their own.
    const joining = /^(?:phone|account)$/.test(rule) ? JOINING : JOINING.replaceAll('+(', '+')
    known = [
      new RegExp(`^${joining}(?<v>${shape})`, flags),
      new RegExp(
        `(?<![\\w-])(?<v>${shape})[^\\w\\n]{1,3}(?:(?:is|was|as|my|your|his|her|the|patient)\\W{1,2}){0,4}$`,
        'i',
      ),
    ]
    spoken.set(rule, known)
  }
  return known
}

/**
 * Finds the value of the name that begins at `start`, in texts of any notation, whole or cut: JSON
 * (also within JSON), forms and queries, headers, logfmt, YAML, XML, connection strings, command
 * lines, and sentences.
 *
 * @returns Where to look for the next name
 */
export function addNamedValue(text: string, start: number, names: Names, add: AddSpan): number {
  const found = names.at(text, start)
  if (found === undefined) return start
  const { rule, spoken, end } = found
  if (rule === '') return end
  const part = spoken ? undefined : formPart(text, start, end)
  if (part !== undefined) {
    add(part.start, part.end, rule)
    return part.end
  }
  const mark = spoken || !mayBeMarked(text, end) ? null : MARK.exec(text.slice(end, end + 40))
  if (mark !== null && endsQuote(text, start, end, mark[0])) return end
  // A list of names has commas too: only what is a secret has its value after one.
  if (mark !== null && (!/^[\\"'`]*,\s*$/.test(mark[0]) || isSecretPair(text, start, rule, names)))
    return Math.max(
      end,
      addMarked(text, start, end + mark[0].length, rule, text.slice(start, end), add),
    )
  if (rule === 'address') addStreetAddress(text, start, end, add)
  else addSpoken(text, start, end, rule, add)
  return end
}

/** The value of a part of a form (RFC 7578), whose name is at this place. */
function formPart(
  text: string,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  if (text[end] !== '"' && text[end] !== ']') return undefined
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

/** A text in quotes that has begun, as JSON writes it. */
const BEGUN = /[{[,:]\s?\\*"[^"]{0,60}$/

/** `"my pw:":null`: the quote after the mark ends the name, and begins no value. */
function endsQuote(text: string, start: number, end: number, mark: string): boolean {
  const after = end + mark.length
  if (!/^[:=>]+$/.test(mark) || !/^\\*"/.test(text.slice(after, after + 16))) return false
  return text[start - 1] === '"' || BEGUN.test(text.slice(Math.max(0, start - 64), start))
}

/**
 * Whether a mark follows, or a word such as `value` before one, after quotes, brackets and spaces.
 */
function mayBeMarked(text: string, end: number): boolean {
  for (let at = end; at < end + 40; at++) {
    const code = text.charCodeAt(at)
    if (!QUOTES.has(code)) return MARKS.has(code)
  }
  return false
}

const codesOf = (characters: string): ReadonlySet<number> =>
  new Set(Array.from(characters, (character) => character.charCodeAt(0)))
const QUOTES = /* @__PURE__ */ codesOf('\\"\'`]) \t\n\r\v\f\u00a0')
const MARKS = /* @__PURE__ */ codesOf(':=>,vVcC')

/** `["cookie", "a=b"]`: a secret's name in quotes, and after it no other name. */
function isSecretPair(text: string, at: number, rule: string, names: Names): boolean {
  if (rule !== 'secret') return false
  const pair = /^[^,]{0,80},\s*\\*["']([^"'\\]{0,200})(?:\\*["']\s*(?:[,\])}]|$)|$)/
  const second = pair.exec(text.slice(at, at + 300))?.[1]
  return second !== undefined && names.under(second) === undefined
}

/** What a value is when there is none, or was hidden before. */
const NOTHING = /^(?:(?:true|false|null|undefined|none|nil)(?!\w)|\[[A-Z][A-Z -]*[\]:_]|\*{3})/

/** @returns Where the value ends */
function addMarked(
  text: string,
  at: number,
  start: number,
  rule: string,
  name: string,
  add: AddSpan,
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
  if (!NOTHING.test(text.slice(first, first + 12))) add(first, end, rule)
  return end
}

const LONGEST_BARE = 4096

/** Values without quotes that have spaces in them: to the end of a line, or to the next name. */
function bareLength(text: string, rule: string, name: string, quote: string): number {
  if (/(?:authorization|cookies?)$/i.test(name)) {
    const end = text.indexOf(quote)
    return /^[^\r\n]*/.exec(end < 0 ? text : text.slice(0, end))?.[0].length ?? 0
  }
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

/** A text in quotes that ends, and what follows: `"my pw;":null` says nothing of a password. */
const ENDED = /(?<=[\w;.!?])\\*"\s?[:,}\]][^]*$/

/** Whether a capital, or what may lead to one, stands where a name would. */
function mayBeName(text: string, end: number): boolean {
  const code = text.charCodeAt(end + 1)
  const isSmall = code > 96 && code < 123
  // "is", "him", "her"; "Dr" is also a street's last word.
  return !isSmall || code === 105 || code === 104 || text.charCodeAt(end - 1) === 114
}

/** Whether a word belongs to a path. */
function isPath(text: string, start: number): boolean {
  return /\/[\w.-]{0,60}$/.test(text.slice(Math.max(0, start - 64), start))
}

const AFTER = 90
const BEFORE = 60

/** What the words of a sentence name: after them, or before as in "123456789 is my SSN". */
function addSpoken(text: string, start: number, end: number, rule: string, add: AddSpan): void {
  const spoken = spokenOf(rule)
  if (spoken === undefined) return
  const [after, before] = spoken
  if (rule === 'name' && !mayBeName(text, end)) return
  const rest = text.slice(end, end + AFTER)
  const following = rest.includes('"') ? rest.replace(ENDED, '') : rest
  const next = /[\dA-Z"'`*]/.test(following) ? after.exec(following) : null
  if (next !== null) {
    const value = next.groups?.['v'] ?? ''
    // "GET /token 401" in a log of requests.
    if (rule === 'secret' && /^[1-5]\d\d$/.test(value) && isPath(text, start)) return
    add(end + next[0].length - value.length, end + next[0].length, rule)
    return
  }
  if (rule === 'name') {
    // "Dr" is also a street's last word.
    if (/^dr$|[ .]/i.test(text.slice(start, end))) addStreetAddress(text, start, end, add)
    return
  }
  const from = Math.max(0, start - BEFORE)
  const preceding = text.slice(from, start)
  const last = /\d/.test(preceding) && !BEGUN.test(preceding) ? before?.exec(preceding) : null
  if (last != null)
    add(from + last.index, from + last.index + (last.groups?.['v']?.length ?? 0), rule)
}
