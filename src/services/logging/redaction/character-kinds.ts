/** What a character is to a search, as bits. */
export const LETTER = 1
export const UPPER = 2
export const DIGIT = 4
/** Go on with what may be base64. */
export const JOIN = 8
/** After up to four letters or digits an address of a machine may go on with it. */
export const PART = 16
/** One of those that {@link marksOf} knows. */
export const MARK = 32
/** Letters of other alphabets: no boundary of words, and no base64. */
export const FOREIGN = 64
export const WORD: number = LETTER | UPPER | DIGIT

/** Rules want these in a text, or it has nothing for them. */
const MARKED = '@:/#([=%-\\&+'
/** What characters are written with where they cannot stand for themselves. */
export const ESCAPES: number = /* @__PURE__ */ Array.from('%\\&+', markOf).reduce((a, b) => a | b)
/** A word that a rule begins with. */
export const TRIGGER: number = 2 ** MARKED.length

/** By the code of a character. */
export const KINDS: Uint8Array = /* @__PURE__ */ kinds()

function kinds(): Uint8Array {
  const all = new Uint8Array(256).fill(LETTER | FOREIGN, 128)
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code)
    if (/[a-z]/.test(character)) all[code] = LETTER
    else if (/[A-Z]/.test(character)) all[code] = UPPER
    else if (/\d/.test(character)) all[code] = DIGIT
    else
      all[code] =
        (/[+/_-]/.test(character) ? JOIN : 0) |
        (/[:.-]/.test(character) ? PART : 0) |
        (MARKED.includes(character) ? MARK : 0)
  }
  return all
}

/** The bit of each mark, by its code. */
export const MARKS: Uint16Array = /* @__PURE__ */ Uint16Array.from({ length: 128 }, (_, code) =>
  markOf(String.fromCharCode(code)),
)

/** @returns The bit of the first mark of a text, {@link TRIGGER} where it has none */
export function markOf(text: string): number {
  const first = Array.from(text, (character) => MARKED.indexOf(character)).find((at) => at >= 0)
  return first === undefined ? TRIGGER : 1 << first
}

export function kindOf(code: number): number {
  return code < 128 ? (KINDS[code] as number) : code > 127 ? LETTER | FOREIGN : 0
}
