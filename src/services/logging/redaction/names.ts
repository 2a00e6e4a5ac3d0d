import { DIGIT, FOREIGN, KINDS, UPPER, WORD } from './character-kinds.ts'
import type { NameRule } from '../values/value-rules.ts'
import {
  endsBefore,
  HASHES,
  hashOf,
  isDigit,
  isGlued,
  lettersOf,
  LONGEST_GLUED,
  mayBeGlued,
  mayBeJoined,
  nextHash,
  nextWord,
  spells,
  wordEnd,
} from './name-letters.ts'
import { giveBack, takeCodes } from './text-codes.ts'
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
  /** What words with a {@link nextHash} are, as bits: most words are nothing. */
  readonly kinds: Uint8Array
  /**
   * @param firstEnd Where the first of them ends, and its hash, where it has small letters alone
   * @returns What the words that begin at `start` name; nothing where they are a part of another
   *   name
   */
  at(codes: Uint8Array, start: number, firstEnd?: number, firstHash?: number): FoundName | undefined
}

/** A name may go on so, and in a text it may also begin so. */
const BEGINS = 1
export const STARTS = 2
/** A name is known. */
const NAMED = 4
/** A rule begins with this word. */
export const TRIGGERS = 8
/** One of {@link TAIL}. */
const FOLLOWS = 16

/** A name, what it means, and another name with the same hash. */
interface Spelled {
  readonly name: string
  readonly rule: string
  readonly spoken: boolean
  readonly next: Spelled | undefined
}

const SECRET: Spelled = { name: '', rule: 'secret', spoken: false, next: undefined }

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
  /** Words that are {@link TRIGGERS}. */
  readonly triggers: readonly string[]
}

/** Words of one name. */
const MAX_WORDS = 4
/** Words of less than three letters that a name may begin with. */
const SHORT: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'e,d,f,l,p,s,pw,cc,ip,ss,dl,po,db,mr,ms,dr,st,rd,ln,ct,pl,pt,ph,sn,rn,md'.split(','),
)
/** Names that are kept with what they say; longer ones are looked at from their end. */
const MAX_NAMES = 2000
const MAX_LENGTH = 128
/** Of the words of {@link TAIL}. */
const LONGEST_TAIL = 12

/** Puts the words in order, and looks names up. Names seen before cost one look-up. */
export function createNames({ hipaa, keys, allow, except, triggers }: NamesOptions): Names {
  const rules = new Map<string, string>()
  for (const [rule, list] of [
    ...Object.entries(NAMES),
    ...Object.entries(hipaa ? HIPAA_NAMES : {}),
  ])
    if (!except.has(rule)) for (const name of expanded(list)) rules.set(name, rule)
  for (const key of keys) rules.set(joined(key), 'secret')
  /** By the hashes of names, what they are. */
  const spelled = new Map<number, Spelled>()
  /** By hashes of all that a name may begin with: few other words have one of these. */
  const kinds = new Uint8Array(HASHES)
  const add = (hash: number, kind: number): void => {
    kinds[hash] = (kinds[hash] as number) | kind
  }
  for (const [key, rule] of rules) {
    const name = /^[~^]/.test(key) ? key.slice(1) : key
    let hash = 0
    for (let end = 1; end <= name.length; end++) {
      hash = nextHash(hash, name.charCodeAt(end - 1))
      add(hash, end > 2 || SHORT.has(name.slice(0, end)) ? BEGINS | STARTS : BEGINS)
    }
    add(hash, NAMED)
    if (!key.startsWith('^'))
      spelled.set(hash, { name, rule, spoken: key.startsWith('~'), next: spelled.get(hash) })
  }
  for (const word of triggers) add(hashOf(word), TRIGGERS)
  for (const word of TAIL) add(hashOf(word), FOLLOWS)

  /** The name whose letters stand between these places, in words or in one. */
  function spelledAt(
    codes: Uint8Array,
    hash: number,
    start: number,
    end: number,
  ): Spelled | undefined {
    let said: Spelled | undefined
    for (let entry = spelled.get(hash); entry !== undefined; entry = entry.next)
      if ((said === undefined || !entry.spoken) && spells(codes, start, end, entry.name))
        said = entry
    return said
  }

  const allowed = new Set(allow.map(joined))
  const known = new Map<string, NameRule | null>()

  function at(
    codes: Uint8Array,
    start: number,
    firstEnd = 0,
    firstHash = 0,
  ): FoundName | undefined {
    const kindsOfCodes = KINDS
    let end = start
    let hash = 0
    let found: FoundName | undefined
    let mayHaveTail = true
    for (let words = 0; words < MAX_WORDS; words++) {
      const from = words === 0 ? end : nextWord(codes, end)
      /** The hash of what is before the digits at the end, and where these begin. */
      let bare = 0
      let letters = from
      let to = from
      let own = 0
      if (words === 0 && firstEnd > 0) {
        to = letters = firstEnd
        hash = bare = firstHash
      } else
        for (let before = 0; ; to++) {
          const code = codes[to] as number
          const kind = kindsOfCodes[code] as number
          if ((kind & WORD) === 0 || (kind & FOREIGN) !== 0) break
          if (kind === UPPER && endsBefore(before, codes[to + 1] as number)) break
          hash = nextHash(hash, code)
          own = nextHash(own, code)
          before = kind
          if (kind !== DIGIT) {
            bare = hash
            letters = to + 1
          }
        }
      if (to === from) {
        mayHaveTail = false
        break
      }
      const kind = (kinds[hash] as number) | (kinds[bare] as number)
      const glued = to - start > 7 && mayBeGlued(codes, to)
      // Most words that follow a name are none of it.
      if ((kind & (BEGINS | NAMED)) === 0 && !glued) {
        mayHaveTail = letters === from || ((kinds[own] as number) & FOLLOWS) !== 0
        break
      }
      mayHaveTail = true
      end = to
      if ((kind & NAMED) === 0 && !glued) continue
      const numbered =
        letters === to || letters === from ? undefined : spelledAt(codes, bare, start, letters)
      const isNumbered = numbered !== undefined && !numbered.spoken
      // MRN12345678
      if (isNumbered && to - letters > 3 && numbered.rule !== 'secret')
        return { rule: numbered.rule, spoken: true, end: letters }
      let said = (kind & NAMED) === 0 ? undefined : spelledAt(codes, hash, start, to)
      if ((said === undefined || said.spoken) && isNumbered) said = numbered
      if (
        (said === undefined || said.spoken) &&
        glued &&
        isGlued(lettersOf(codes, Math.max(start, to - LONGEST_GLUED), to))
      )
        said = SECRET
      if (said !== undefined) found = { rule: said.rule, spoken: said.spoken, end }
      else if ((kind & BEGINS) === 0) break
    }
    if (found === undefined) return undefined
    end = mayHaveTail || end !== found.end ? tailEnd(codes, found.end) : end
    const { rule, spoken } = found
    if (!mayBeJoined(codes[end] as number)) return { rule, spoken, end }
    // What goes on with letters is another name: tokenCount, token-count.
    const isOther = /^[-_.]?(?:[A-Za-z](?!\w*\d\w*\d)|\d(?!\w*\d))/.test(
      String.fromCharCode(...codes.subarray(end, end + 12)),
    )
    return isOther ? undefined : { rule, spoken, end }
  }

  /** Where the words end that only say more of the same. */
  function tailEnd(codes: Uint8Array, start: number): number {
    for (let end = start; ;) {
      const from = nextWord(codes, end)
      const to = wordEnd(codes, from)
      if (to === from || to - from > LONGEST_TAIL) return end
      let hash = 0
      for (let at = from; at < to; at++) hash = nextHash(hash, codes[at] as number)
      const follows =
        ((kinds[hash] as number) & FOLLOWS) !== 0 && TAIL.has(lettersOf(codes, from, to))
      const isNumber =
        from - end < 2 && to - from < 3 && isDigit(codes, from) && isDigit(codes, to - 1)
      if (!follows && (!isNumber || codes[end] === 32)) return end
      end = to
    }
  }

  function look(name: string): NameRule | null {
    if (allowed.has(joined(name))) return { rule: 'allowed', kind: 'leave' }
    const whole = rules.get(`^${joined(name)}`) ?? rules.get(joined(name))
    if (whole !== undefined) {
      const rule = ruleOf(whole, rules.has(`^${joined(name)}`))
      // Tests that passed are counted under the same name.
      return rule !== null && joined(name) === 'pass' ? { ...rule, onlyTexts: true } : rule
    }
    const codes = takeCodes(name, true) as Uint8Array
    for (let start = 0; start < name.length; start = Math.max(start + 1, wordEnd(codes, start))) {
      const found = at(codes, start)
      const isLast = found !== undefined && !/[A-Za-z\d]/.test(name.slice(found.end))
      if (isLast && !found.spoken) {
        giveBack(codes)
        return ruleOf(found.rule)
      }
    }
    giveBack(codes)
    return null
  }

  return {
    at,
    kinds,
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
