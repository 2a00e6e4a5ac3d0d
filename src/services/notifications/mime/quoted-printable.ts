import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { hexOf } from './encoded-word.ts'

const MOST_LINE = 76

/**
 * Writes text as quoted-printable (RFC 2045 §6.7) in UTF-8. Line breaks of every kind become CRLF,
 * and spaces at the end of a line are kept.
 */
export function encodeQuotedPrintable(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(encodeLine)
    .join('\r\n')
}

function encodeLine(line: string): string {
  // Most lines need nothing: they are plain, short, and end in no space.
  if (/^[\x20-\x3c\x3e-\x7e\t]{0,75}[\x21-\x3c\x3e-\x7e]$|^$/.test(line)) return line
  let written = ''
  let length = 0
  const characters = Array.from(line)
  for (const [index, character] of characters.entries()) {
    const last = index === characters.length - 1
    const piece = pieceOf(character, last)
    // A soft break takes the last column, unless the line ends here anyway.
    if (length + piece.length > MOST_LINE - (last ? 0 : 1)) {
      written += '=\r\n'
      length = 0
    }
    written += piece
    length += piece.length
  }
  return written
}

/** A character is never broken over two lines, though RFC 2045 would allow it. */
function pieceOf(character: string, last: boolean): string {
  const isSpace = character === ' ' || character === '\t'
  if (isSpace ? !last : /^[\x21-\x3c\x3e-\x7e]$/.test(character)) return character
  return [...encodeUtf8(character)].map(hexOf).join('')
}
