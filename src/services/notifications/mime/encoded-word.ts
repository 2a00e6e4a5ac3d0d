import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** The longest encoded word (RFC 2047 §2), and what of it is not encoded text. */
const MOST_WORD = 75
const FRAME = '=?UTF-8?B??='.length
const B = '=?UTF-8?B?'
const Q = '=?UTF-8?Q?'

/** What may stand for itself in a phrase (RFC 2047 §5), the strictest place that words stand in. */
const Q_SAFE = /^[A-Za-z0-9!*+/-]$/

/**
 * Writes text as encoded words, in the shorter of the two encodings. None is longer than 75
 * characters and none breaks a character, as RFC 2047 §5 has it.
 *
 * @param first Characters of the first word at most, as it may share its line with a header's name
 * @returns The words; between them stands white space that readers leave out
 */
export function encodeWords(text: string, first: number = MOST_WORD): readonly string[] {
  const characters = Array.from(text)
  const q = characters.map(quoted)
  const qLength = q.reduce((sum, { length }) => sum + length, 0)
  const bytes = encodeUtf8(text).length
  const rooms = [first - FRAME, MOST_WORD - FRAME] as const
  return qLength <= Math.ceil(bytes / 3) * 4
    ? pack(
        q,
        rooms,
        (piece) => piece.length,
        (pieces) => `${Q}${pieces.join('')}?=`,
      )
    : pack(
        characters,
        rooms.map((room) => Math.floor(room / 4) * 3),
        (piece) => encodeUtf8(piece).length,
        (pieces) => `${B}${encodeBase64(encodeUtf8(pieces.join('')))}?=`,
      )
}

/** Fills one word after another, as full as it goes. */
function pack(
  pieces: readonly string[],
  [first = 0, room = first]: readonly number[],
  sizeOf: (piece: string) => number,
  write: (pieces: readonly string[]) => string,
): readonly string[] {
  const words: string[] = []
  let word: string[] = []
  let used = 0
  for (const piece of pieces) {
    const size = sizeOf(piece)
    if (used + size > (words.length === 0 ? first : room)) {
      words.push(write(word))
      word = []
      used = 0
    }
    word.push(piece)
    used += size
  }
  return [...words, write(word)]
}

function quoted(character: string): string {
  if (character === ' ') return '_'
  if (Q_SAFE.test(character)) return character
  return [...encodeUtf8(character)].map(hexOf).join('')
}

/** @returns `=` and the byte in two upper-case hexadecimal digits, as quoted-printable writes it */
export function hexOf(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
