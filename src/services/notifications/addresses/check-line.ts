/**
 * What must not stand in a header, an address or a name: line breaks of every kind and other
 * control characters, with which whoever supplies a name could write headers of his own.
 */
const CONTROL = /[\p{Cc}\u2028\u2029]/u

/** What shows text backwards: a name that ends in `fdp.exe` looks as if it ended in `exe.pdf`. */
const OVERRIDE = /[\u202a\u202b\u202d\u202e]/

/** @returns Why `text` cannot be a name, of somebody or of a file; `null` when it can */
export function nameFault(text: unknown, mostCharacters: number): string | null {
  const fault = lineFault(text, mostCharacters)
  if (fault !== null || typeof text !== 'string' || !OVERRIDE.test(text)) return fault
  return 'holds a mark that turns the direction of what follows, none allowed'
}

/** @returns Why `text` cannot stand on one line of a message's head; `null` when it can */
export function lineFault(text: unknown, mostCharacters: number): string | null {
  if (typeof text !== 'string') return `is a ${typeof text}, text expected`
  if (text.length > mostCharacters)
    return `has ${text.length} characters, at most ${mostCharacters} allowed`
  if (CONTROL.test(text)) return 'holds a line break or another control character, none allowed'
  return text.isWellFormed() ? null : 'holds half a surrogate pair, well-formed text expected'
}
