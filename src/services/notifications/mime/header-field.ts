import { formatName } from '../addresses/format-mailbox.ts'
import type { Mailbox } from '../addresses/mailbox.ts'
import { encodeWords } from './encoded-word.ts'

/** Where lines are folded where they can be (RFC 5322 §2.1.1), and the longest that is allowed. */
const FOLD_AT = 76
const MOST_LINE = 998
const MOST_WORD = 75
/** The first encoded word is not made shorter than this: below, it begins a line of its own. */
const LEAST_WORD = 40

/**
 * Writes a header whose value is free text: a subject, or one of the sender's own.
 *
 * Text that is not plain ASCII, looks encoded already or would lose spaces when it is unfolded
 * becomes encoded words. Reading the field back gives `text` to the character.
 */
export function textField(name: string, text: string): string {
  // What programs read must not be encoded (RFC 2047 §5): mail clients pass over it then.
  if (/^list-/i.test(name) && /^[\x20-\x7e]*$/.test(text)) return fold(name, text.split(' '))
  return fold(name, isPlain(text) ? text.split(' ') : encodeWords(text, roomBeside(name)))
}

/** Writes a header that is a list of mailboxes. */
export function mailboxField(name: string, mailboxes: readonly Mailbox[]): string {
  const pieces = mailboxes.flatMap((mailbox, index) => {
    const written = mailboxWords(mailbox, index === 0 ? roomBeside(name) : MOST_WORD)
    const last = `${written.at(-1)}${index < mailboxes.length - 1 ? ',' : ''}`
    return [...written.slice(0, -1), last]
  })
  return fold(name, pieces)
}

/** Writes one mailbox in ASCII, its name as encoded words where that takes them. */
export function asciiMailbox(mailbox: Mailbox): string {
  return mailboxWords(mailbox).join(' ')
}

/**
 * Writes a header with parameters (RFC 2231): values that are not plain go in percent-encoded
 * UTF-8, in numbered pieces where they are long.
 */
export function parameterField(
  name: string,
  value: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const written = Object.entries(parameters).flatMap(([key, text]) => parameterPieces(key, text))
  return fold(
    name,
    [value, ...written].map((piece, index) => (index < written.length ? `${piece};` : piece)),
  )
}

function mailboxWords({ email, name }: Mailbox, first = MOST_WORD): readonly string[] {
  if (name === undefined) return [email]
  const words = isPlain(name) ? [formatName(name)] : encodeWords(name, first)
  return [...words, `<${email}>`]
}

function parameterPieces(key: string, text: string): readonly string[] {
  // Some readers take for encoded words what looks like them, also in quotes.
  if (/^[\x20-\x7e]{0,50}$/.test(text) && !text.includes('=?'))
    return [`${key}="${text.replaceAll(/["\\]/g, '\\$&')}"`]
  const encoded = encodeURIComponent(text).replaceAll(/['()*!]/g, percent)
  // At most 48 characters, and no piece ends within a percent sequence.
  const pieces = encoded.match(/(?:%[0-9A-F]{2}|[^%]){1,16}/g) ?? []
  if (pieces.length === 1) return [`${key}*=UTF-8''${encoded}`]
  return pieces.map((piece, index) => `${key}*${index}*=${index === 0 ? "UTF-8''" : ''}${piece}`)
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/**
 * Whether text survives folding and unfolding as it is, and no reader takes it for encoded words.
 */
function isPlain(text: string): boolean {
  return (
    /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text) &&
    !text.includes('=?') &&
    text.split(' ').every(({ length }) => length < MOST_LINE - 100)
  )
}

/** How long an encoded word beside the name may be: their line has 76 characters (RFC 2047 §2). */
function roomBeside(name: string): number {
  const room = FOLD_AT - `${name}: `.length
  return room < LEAST_WORD ? MOST_WORD : room
}

/**
 * Lays pieces out with single spaces in between, beginning a new line where one would get too long.
 */
function fold(name: string, pieces: readonly string[]): string {
  let text = `${name}:`
  let lineLength = text.length
  for (const piece of pieces) {
    const isFirst = lineLength === name.length + 1
    const fits = lineLength + 1 + piece.length <= FOLD_AT
    // A line with a name alone is no beauty, and for encoded words alone a rule.
    const breaks = !fits && (!isFirst || piece.startsWith('=?'))
    text += breaks ? `\r\n ${piece}` : ` ${piece}`
    lineLength = breaks ? 1 + piece.length : lineLength + 1 + piece.length
  }
  return `${text}\r\n`
}
