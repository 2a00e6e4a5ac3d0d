/**
 * What must not stand in a header, an address or a name: line breaks of every kind and other
 * control characters, with which whoever supplies a name could write headers of his own.
 */
const CONTROL = /[\p{Cc}\u2028\u2029]/u

/** @returns Why `text` cannot stand on one line of a message's head; `null` when it can */
export function lineFault(text: unknown, mostCharacters: number): string | null {
  if (typeof text !== 'string') return `is a ${typeof text}, text expected`
  if (text.length > mostCharacters)
    return `has ${text.length} characters, at most ${mostCharacters} allowed`
  if (CONTROL.test(text)) return 'holds a line break or another control character, none allowed'
  return text.isWellFormed() ? null : 'holds half a surrogate pair, well-formed text expected'
}
