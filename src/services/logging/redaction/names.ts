import type { NameRule } from '../values/value-rules.ts'
import { HIPAA_NAMES, NAMES, TAIL } from './name-words.ts'
import { readableText } from './readable-text.ts'

/** What the words at one place of a text name. */
export interface FoundName {
  readonly rule: string
  /** Only a sentence says so: a property of that name is something else. */
  readonly spoken: boolean
  /** Where the words end, with those that only say more of the same: `password hash`. */
  readonly end: number
}

/** What names say of the values under them. */
export interface Names {
  /** @returns What holds under this name of a property or header */
  under(name: string): NameRule | undefined
  /**
   * @returns What the words that begin at `start` name; nothing where they are a part of another
   *   name
   */
  at(text: string, start: number): FoundName | undefined
  /**
   * Whether a name may begin with these letters; most words end here.
   *
   * @param hash {@link hashOf} of them, and `bare` of them without the digits at their end
   */
  mayBegin(text: string, start: number, end: number, hash: number, bare: number): boolean
}

/** What {@link createNames} goes by. */
export interface NamesOptions {
  /** Also names that say who someone is only together with others, as Safe Harbor lists them. */
  readonly hipaa: boolean
  /** Further names that hide their values. */
  readonly keys: readonly string[]
  /** Names whose values are shown as they are. */
  readonly allow: readonly string[]
  /** Rules that are left out. */
  readonly except: ReadonlySet<string>
}

/** Words of one name. */
const MAX_WORDS = 4
/** Words of less than three letters that a name may begin with. */
const SHORT: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'e,d,f,l,p,s,pw,cc,ip,ss,dl,po,db,mr,ms,dr'.split(','),
)
/** Names that are kept with what they say; longer ones are looked at from their end. */
const MAX_NAMES = 2000
const MAX_LENGTH = 128
/** Of the words of {@link TAIL}. */
const LONGEST_TAIL = 12

/** Before one of these other letters may stand: `dbpassword`. */
const GLUED = /(?:password|passwd|passphrase|secret|token|sessid|(?:api|access|secret|private)key)$/

/** Puts the words in order, and looks names up. Names seen before cost one look-up. */
export function createNames({ hipaa, keys, allow, except }: NamesOptions): Names {
  const rules = new Map<string, string>()
  for (const [rule, list] of Object.entries({ ...NAMES, ...(hipaa && HIPAA_NAMES) }))
    if (!except.has(rule)) for (const name of expanded(list)) rules.set(name, rule)
  for (const key of keys) rules.set(joined(key), 'secret')
  /** All that a name may begin with. */
  const beginnings = new Set<string>()
  for (const key of rules.keys()) {
    const name = key.startsWith('~') || key.startsWith('^') ? key.slice(1) : key
    for (let end = 1; end <= name.length; end++) beginnings.add(name.slice(0, end))
  }
  /** What only a sentence says. */
  const sentences = new Map<string, string>()
  for (const [key, rule] of rules) if (key.startsWith('~')) sentences.set(key.slice(1), rule)
  /** Which hashes they have: few other words have one of these. */
  const hashes = new Uint8Array(HASHES)
  for (const key of beginnings) hashes[hashOf(key)] = 1
  const allowed = new Set(allow.map(joined))
  const known = new Map<string, NameRule | null>()

  function at(text: string, start: number): FoundName | undefined {
    let name = ''
    let end = start
    let hash = 0
    let found: FoundName | undefined
    for (let words = 0; words < MAX_WORDS; words++) {
      const from = words === 0 ? end : nextWord(text, end)
      const to = wordEnd(text, from)
      if (to === from) break
      let bare = hash
      for (let at = from; at < to; at++) {
        hash = nextHash(hash, text.charCodeAt(at))
        if (!isDigit(text, at)) bare = hash
      }
      // Most words that follow a name are none of it.
      if (hashes[hash] === 0 && hashes[bare] === 0 && !mayBeGlued(text, to)) break
      const word = text.slice(from, to).toLowerCase()
      const letters = isDigit(word, word.length - 1) ? word.replace(/(?<=\D)\d+$/, '') : word
      const numbered = letters === word ? undefined : rules.get(name + letters)
      // MRN12345678
      if (numbered !== undefined && word.length - letters.length > 3)
        return { rule: numbered, spoken: true, end: from + letters.length }
      name += word
      end = to
      const rule = rules.get(name) ?? numbered ?? (isGlued(name) ? 'secret' : undefined)
      const said = rule ?? sentences.get(name)
      if (said !== undefined) found = { rule: said, spoken: rule === undefined, end }
      else if (!beginnings.has(name)) break
    }
    if (found === undefined) return undefined
    end = found.end
    for (;;) {
      const from = nextWord(text, end)
      const to = wordEnd(text, from)
      const word = to - from > LONGEST_TAIL ? '' : text.slice(from, to).toLowerCase()
      if (
        word === '' ||
        !(TAIL.has(word) || (from - end < 2 && text[end] !== ' ' && /^\d\d?$/.test(word)))
      )
        break
      end = to
    }
    if (!mayBeJoined(text.charCodeAt(end))) return { ...found, end }
    // What goes on with letters is another name: tokenCount, token-count.
    const isOther = /^[-_.]?[A-Za-z\d](?!\w*\d\w*\d)/.test(text.slice(end, end + 12))
    return isOther ? undefined : { ...found, end }
  }

  function look(name: string): NameRule | null {
    if (allowed.has(joined(name))) return { rule: 'allowed', kind: 'leave' }
    const whole = rules.get(`^${joined(name)}`) ?? rules.get(joined(name))
    if (whole !== undefined) {
      const rule = ruleOf(whole, rules.has(`^${joined(name)}`))
      // Tests that passed are counted under the same name.
      return rule !== null && joined(name) === 'pass' ? { ...rule, onlyTexts: true } : rule
    }
    for (let start = 0; start < name.length; start = Math.max(start + 1, wordEnd(name, start))) {
      const found = at(name, start)
      const isLast = found !== undefined && !/[A-Za-z\d]/.test(name.slice(found.end))
      if (isLast && !found.spoken) return ruleOf(found.rule)
    }
    return null
  }

  return {
    at,
    mayBegin(text, start, end, hash, bare) {
      const length = end - start
      const isLikely = hashes[hash] === 1 || hashes[bare] === 1
      if (!isLikely && (length < 8 || !mayBeGlued(text, end))) return false
      const word = text.slice(start, Math.min(end, start + MAX_LENGTH)).toLowerCase()
      if (length < 3) return SHORT.has(word)
      return beginnings.has(word) || beginnings.has(word.replace(/\d+$/, '')) || isGlued(word)
    },
    under(name) {
      let rule = known.get(name)
      if (rule === undefined) {
        const readable = /[^ -~]/.test(name) ? readableText(name).text : name
        rule = look(readable.slice(-MAX_LENGTH))
        if (known.size >= MAX_NAMES) known.clear()
        if (name.length <= MAX_LENGTH) known.set(name, rule)
      }
      return rule ?? undefined
    },
  }
}

/** Whether a word goes on: with a letter, a digit or a mark. */
function mayBeJoined(code: number): boolean {
  return (
    (code > 47 && code < 58) ||
    ((code | 32) > 96 && (code | 32) < 123) ||
    code === 45 ||
    code === 46 ||
    code === 95
  )
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code > 47 && code < 58
}

function ruleOf(rule: string, shallow = false): NameRule | null {
  if (rule === '') return null
  return { rule, kind: rule === 'secret' ? 'secret' : 'personal', shallow }
}

/** `api,access key,keys|pin` as `apikey`, `apikeys`, `accesskey`, … */
function expanded(list: string): string[] {
  return list.split('|').flatMap((entry) => {
    let names = ['']
    for (const part of entry.split(' '))
      names = names.flatMap((name) => part.split(',').map((word) => name + word))
    return names
  })
}

function joined(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase()
}

/** A number below {@link HASHES} for a word, the same in both cases. */
function hashOf(word: string): number {
  let hash = 0
  for (let at = 0; at < word.length; at++) hash = nextHash(hash, word.charCodeAt(at))
  return hash
}

const HASHES = 2 ** 16

/** The hash of a word that goes on with a letter or digit. */
export function nextHash(hash: number, code: number): number {
  return (hash * 37 + (code & 31)) & (HASHES - 1)
}

/** Whether a word ends as one of {@link GLUED} does. */
function mayBeGlued(text: string, end: number): boolean {
  const last = text.charCodeAt(end - 1) | 32
  const before = text.charCodeAt(end - 2) | 32
  switch (last) {
    case 100: // d
      return before === 114 || before === 119 || before === 105
    case 101: // e
      return before === 115
    case 110: // n
    case 121: // y
      return before === 101
    case 116: // t
      return before === 101
    default:
      return false
  }
}

function isGlued(name: string): boolean {
  return name.length > 7 && GLUED.test(name)
}

/** Where the next word begins: after nothing, `'s`, a mark, a space. */
function nextWord(text: string, from: number): number {
  let at = from
  if (text[at] === "'" && text[at + 1] === 's') at += 2
  if (text[at] === '_' || text[at] === '.' || text[at] === '-') at++
  return text[at] === ' ' ? at + 1 : at
}

/** Where a word of letters or digits ends; a capital after a small letter begins another. */
function wordEnd(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const isLower = code > 96 && code < 123
    const isUpper = code > 64 && code < 91
    if (!isLower && !isUpper && !(code > 47 && code < 58)) break
    if (isUpper && at > from) {
      const before = text.charCodeAt(at - 1)
      const after = text.charCodeAt(at + 1)
      if (before > 96 || (before > 64 && after > 96 && after < 123)) break
    }
    at++
  }
  return at
}
