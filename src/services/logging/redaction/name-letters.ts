import { FOREIGN, KINDS, LETTER, UPPER, WORD } from './character-kinds.ts'

/** Letters of a word that are looked at for its end. */
export const LONGEST_GLUED = 64

/** Whether a word goes on: with a letter, a digit or a mark. */
export function mayBeJoined(code: number): boolean {
  return (
    (code > 47 && code < 58) ||
    ((code | 32) > 96 && (code | 32) < 123) ||
    code === 45 ||
    code === 46 ||
    code === 95
  )
}

export function isDigit(codes: Uint8Array, at: number): boolean {
  const code = codes[at] as number
  return code > 47 && code < 58
}

/** A number below {@link HASHES} for a word, the same in both cases. */
export function hashOf(word: string): number {
  let hash = 0
  for (let at = 0; at < word.length; at++) hash = nextHash(hash, word.charCodeAt(at))
  return hash
}

export const HASHES: number = 2 ** 16

/** The hash of a word that goes on with a letter or digit. */
export function nextHash(hash: number, code: number): number {
  return (hash * 37 + (code & 31)) & (HASHES - 1)
}

/** Before one of these other letters may stand: `dbpassword`. */
const GLUED = /(?:password|passwd|passphrase|secret|token|sessid|(?:api|access|secret|private)key)$/

/** Whether a word may end as one of {@link GLUED} does. */
export function mayBeGlued(codes: Uint8Array, end: number): boolean {
  const last = (codes[end - 1] as number) | 32
  const before = (codes[end - 2] as number) | 32
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

export function isGlued(name: string): boolean {
  return name.length > 7 && GLUED.test(name)
}

/** Where the next word begins: after nothing, `'s`, a mark, a space. */
export function nextWord(codes: Uint8Array, from: number): number {
  let at = from
  if (codes[at] === 39 && codes[at + 1] === 115) at += 2
  const code = codes[at]
  if (code === 95 || code === 46 || code === 45) at++
  return codes[at] === 32 ? at + 1 : at
}

/** Whether the letters and digits between two places are those of a name. */
export function spells(codes: Uint8Array, start: number, end: number, name: string): boolean {
  let of = 0
  for (let at = start; at < end; at++) {
    const code = codes[at] as number
    // Capitals differ from small letters by this bit; no digit or mark has one of these.
    if ((code | 32) === name.charCodeAt(of)) of++
    else if (((KINDS[code] as number) & WORD) !== 0) return false
    else if (code === 39) at++
  }
  return of === name.length
}

/** The letters and digits between two places, in small letters. */
export function lettersOf(codes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...codes.subarray(start, end))
    .replace(/'s|[^A-Za-z\d]/g, '')
    .toLowerCase()
}

/** Where a word of letters or digits ends. */
export function wordEnd(codes: Uint8Array, from: number): number {
  let before = 0
  for (let at = from; ; at++) {
    const kind = KINDS[codes[at] as number] as number
    if ((kind & WORD) === 0 || (kind & FOREIGN) !== 0) return at
    if (kind === UPPER && endsBefore(before, codes[at + 1] as number)) return at
    before = kind
  }
}

/** A capital after a small letter begins another word, or before one. */
export function endsBefore(before: number, next: number): boolean {
  return before === LETTER || (before === UPPER && KINDS[next] === LETTER)
}
