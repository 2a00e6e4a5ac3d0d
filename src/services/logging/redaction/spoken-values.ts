import { kindOf, WORD } from './character-kinds.ts'
import { DATE } from './personal-rules.ts'
import { addStreetAddress } from './street-address.ts'
import type { FoundSpans } from './text-rule.ts'

/** Words that may stand between a name and its value in a sentence. */
const JOINING_WORDS =
  'is|was|are|no|num|number|id|code|of|for|on|file|my|your|his|her|their|the|a|an|me|us|him|them|at|in|to|with|new|old|ending|last|four|4|digits|set|changed|as|please|card|line|now|patient|called'
const JOINING = `(?:[^\\w\\n+(]{0,4}(?:${JOINING_WORDS}|[A-Z][a-z]{1,14})(?!\\w)){0,5}[^\\w\\n+(]{0,4}`
/** And between a value and its name. */
const LEADING = 'is|was|as|my|your|his|her|the|patient'
const LEADS: ReadonlySet<string> = /* @__PURE__ */ new Set(LEADING.split('|'))

/** Of these, few words may stand before a number: other numbers are near as often. */
const CAREFUL = /^(?:secret|account|card|phone|device|vehicle|zip|plan)$/

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
  account: `${DIGITS}|\\d\\d-\\d\\d-\\d\\d(?!\\d)|[A-Z]{1,4}-?\\d{6,14}(?!\\w)`,
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

type Spoken = readonly [after: RegExp, before: RegExp | undefined]

const spoken = new Map<string, Spoken | undefined>()

function spokenOf(rule: string): Spoken | undefined {
  if (rule === 'name') return NAME
  const known = spoken.get(rule)
  if (known !== undefined || spoken.has(rule)) return known
  const made = SHAPES[rule] === undefined ? undefined : createSpoken(rule, SHAPES[rule])
  spoken.set(rule, made)
  return made
}

function createSpoken(rule: string, shape: string): Spoken {
  // Where all cases are alike, any word may stand between: "SSN of our customer: 123456789".
  const flags = CAREFUL.test(rule) ? '' : 'i'
  // Telephones and accounts may begin with a bracket of their own.
  const opening = /^(?:phone|account)$/.test(rule) ? JOINING : JOINING.replaceAll('+(', '+')
  const joining = rule === 'plan' ? opening.replace('|id|', '|id|ID|') : opening
  return [
    new RegExp(`^${joining}(?<v>${shape})`, flags),
    new RegExp(`(?<![\\w-])(?<v>${shape})[^\\w\\n]{1,3}(?:(?:${LEADING})\\W{1,2}){0,4}$`, 'i'),
  ]
}

/** A text in quotes that ends, and what follows: `"my pw;":null` says nothing of a password. */
const ENDED = /(?<=[\w;.!?])\\*"\s?[:,}\]][^]*$/

/** A text in quotes that has begun, as JSON writes it. */
const BEGUN = /[{[,:]\s?\\*"[^"]{0,60}$/

/** Whether a text in quotes has begun before a place, as JSON writes it. */
export function hasBegun(before: string): boolean {
  return BEGUN.test(before)
}

/** Whether a capital, or what may lead to one, stands where a name would. */
function mayBeName(text: string, end: number): boolean {
  let at = end
  const next = text.charCodeAt(at + 1)
  if (next === 104 || next === 105) at += JOINS_NAME.exec(text.slice(at, at + 5))?.[0].length ?? 0
  const mark = text.charCodeAt(at)
  if (mark === 46 || mark === 44 || mark === 58) at++
  if (!isSpace(text.charCodeAt(at))) return false
  at += isSpace(text.charCodeAt(at + 1)) ? 2 : 1
  const code = text.charCodeAt(at)
  return (code > 64 && code < 91) || code > 127
}

function isSpace(code: number): boolean {
  return code < 33 || code > 127
}

const JOINS_NAME = /^ (?:is|him|her)(?!\w)/

const JOINS: ReadonlySet<string> = /* @__PURE__ */ new Set(JOINING_WORDS.split('|'))
const POINTS: ReadonlySet<number> = /* @__PURE__ */ new Set(
  Array.from('.,;:!?()[]', (character) => character.charCodeAt(0)),
)

/** Whether the next word may be a value, or lead to one: most are words of a sentence. */
function mayLead(text: string, end: number): boolean {
  let at = end
  while (at < end + 5 && !isWordCode(text.charCodeAt(at))) at++
  const start = at
  while (isSmall(text.charCodeAt(at))) at++
  if (at - start < 2) return true
  const next = text.charCodeAt(at)
  return !(next === 32 || POINTS.has(next)) || JOINS.has(text.slice(start, at))
}

/** Whether the word before may be a value, or lead to one. */
function mayFollow(text: string, start: number): boolean {
  let at = start
  while (at > 0 && start - at < 3 && !isWordCode(text.charCodeAt(at - 1))) at--
  if (at === start) return false
  const end = at
  while (at > 0 && end - at < 16 && isSmall(text.charCodeAt(at - 1))) at--
  if (end - at < 2) return end > 0
  const before = text.charCodeAt(at - 1)
  if (before > 64 && before < 91) at--
  if (at > 0 && text.charCodeAt(at - 1) !== 32) return true
  return LEADS.has(text.slice(at, end))
}

function isSmall(code: number): boolean {
  return code > 96 && code < 123
}

function isWordCode(code: number): boolean {
  return (kindOf(code) & WORD) !== 0 || code === 95
}

/** Whether a word belongs to a path. */
function isPath(text: string, start: number): boolean {
  return /\/[\w.-]{0,60}$/.test(text.slice(Math.max(0, start - 64), start))
}

const AFTER = 90
const BEFORE = 60

/** What the words of a sentence name: after them, or before as in "123456789 is my SSN". */
export function addSpoken(
  text: string,
  start: number,
  end: number,
  rule: string,
  found: FoundSpans,
): void {
  const spoken = spokenOf(rule)
  if (spoken === undefined) return
  // What is escaped is looked at once it is not.
  if (text.charCodeAt(end) === 37 && /^%[\da-f]{2}/i.test(text.slice(end, end + 3))) return
  const [after, before] = spoken
  if (addFollowing(text, start, end, rule, after, found)) return
  if (rule !== 'name') addPreceding(text, start, rule, before, found)
  // "Dr" is also a street's last word.
  else if (end - start > 2 ? /[ .]/.test(text.slice(start, end)) : isDr(text, start))
    addStreetAddress(text, start, end, found)
}

function isDr(text: string, start: number): boolean {
  return (text.charCodeAt(start) | 32) === 100
}

/** @returns Whether something follows that only looks so, or was taken down */
function addFollowing(
  text: string,
  start: number,
  end: number,
  rule: string,
  pattern: RegExp,
  found: FoundSpans,
): boolean {
  if (rule === 'name') {
    if (!mayBeName(text, end)) return false
  } else if (CAREFUL.test(rule) && !mayLead(text, end)) return false
  const rest = text.slice(end, end + AFTER)
  const following = rest.includes('"') ? rest.replace(ENDED, '') : rest
  const next = /[\dA-Z"'`*]/.test(following) ? pattern.exec(following) : null
  if (next === null) return false
  const value = next.groups?.['v'] ?? ''
  // "GET /token 401" in a log of requests.
  if (rule !== 'secret' || !/^[1-5]\d\d$/.test(value) || !isPath(text, start))
    found.add(end + next[0].length - value.length, end + next[0].length, rule)
  return true
}

function addPreceding(
  text: string,
  start: number,
  rule: string,
  pattern: RegExp | undefined,
  found: FoundSpans,
): void {
  if (rule !== 'dob' && !mayFollow(text, start)) return
  const from = Math.max(0, start - BEFORE)
  const preceding = text.slice(from, start)
  const last = /\d/.test(preceding) && !hasBegun(preceding) ? pattern?.exec(preceding) : null
  if (last != null)
    found.add(from + last.index, from + last.index + (last.groups?.['v']?.length ?? 0), rule)
}
