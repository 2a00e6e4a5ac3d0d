import { formatName, type Mailbox } from '../addresses/mailbox.ts'
import { encodeWords } from './encoded-word.ts'

/** Where lines are folded where they can be (RFC 5322 §2.1.1), and the longest that is allowed. */
const FOLD_AT = 76
const MOST_LINE = 998

/**
 * Writes a header whose value is free text: a subject, or one of the sender's own.
 *
 * Text that is not plain ASCII, looks encoded already or would lose spaces when it is unfolded
 * becomes encoded words. Reading the field back gives `text` to the character.
 */
export function textField(name: string, text: string): string {
  return fold(name, isPlain(text) ? text.split(' ') : encodeWords(text))
}

/** Writes a header that is a list of mailboxes. */
export function mailboxField(name: string, mailboxes: readonly Mailbox[]): string {
  const pieces = mailboxes.flatMap((mailbox, index) => {
    const written = mailboxWords(mailbox)
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

function mailboxWords({ email, name }: Mailbox): readonly string[] {
  if (name === undefined) return [email]
  const words = isPlain(name) ? [formatName(name)] : encodeWords(name)
  return [...words, `<${email}>`]
}

function parameterPieces(key: string, text: string): readonly string[] {
  if (/^[\x20-\x7e]{0,50}$/.test(text)) return [`${key}="${text.replaceAll(/["\\]/g, '\\$&')}"`]
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

/**
 * Lays pieces out with single spaces in between, beginning a new line where one would get too long.
 */
function fold(name: string, pieces: readonly string[]): string {
  let text = `${name}:`
  let lineLength = text.length
  for (const piece of pieces) {
    const breaks = lineLength + 1 + piece.length > FOLD_AT && lineLength > name.length + 1
    text += breaks ? `\r\n ${piece}` : ` ${piece}`
    lineLength = breaks ? 1 + piece.length : lineLength + 1 + piece.length
  }
  return `${text}\r\n`
}
