import { utf8Length } from '../../../primitives/utf8.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { nameFault } from './check-line.ts'

/** An e-mail address, with the name that is shown for it. */
export interface Mailbox {
  readonly email: string
  readonly name?: string
}

/** A mailbox, its bare address, or both written as `Ann Lee <ann@example.com>`. */
export type MailboxInput = string | Mailbox

const MOST_NAME_CHARACTERS = 256
const MOST_ADDRESS_BYTES = 254
const MOST_LOCAL_BYTES = 64

/**
 * An atom of RFC 5322 §3.2.3, with the characters beyond ASCII of RFC 6532 but for those that are
 * not seen: spaces, ends of lines and what turns the direction of text.
 */
const ATOM =
  "(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|(?![\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Z}])[^\\p{ASCII}])+"
const LOCAL = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u')
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
/**
 * Marks that a name without quotes cannot hold; an address in a name would look like the sender's.
 */
const NAME_SPECIALS = /["<>@,;:\\()[\]]/

/**
 * Reads who is meant.
 *
 * @param field Names it in errors: `to[2]`
 * @param code Of the error: recipients and senders are at fault in different ways
 * @throws NotificationError when it is no mailbox, or written in a way that can be read in two
 */
export function readMailbox(
  field: string,
  input: unknown,
  code: NotificationErrorCode = 'invalid_recipient',
): Mailbox {
  const { email, name } = partsOf(input)
  const address = typeof email === 'string' ? normalAddress(email) : null
  if (address === null)
    throw new NotificationError(
      code,
      `Cannot send e-mail: ${field} is no e-mail address, as in ann@example.com or Ann Lee <ann@example.com>`,
    )
  const fault = name === undefined ? null : nameFault(name, MOST_NAME_CHARACTERS)
  if (fault !== null)
    throw new NotificationError(code, `Cannot send e-mail: the name of ${field} ${fault}`)
  return typeof name === 'string' && name !== '' ? { email: address, name } : { email: address }
}

/**
 * @returns The address as it is sent to, a domain beyond ASCII in its ASCII form; `null` when it is
 *   none. Only the plain forms are taken: neither quoted local parts, comments, address literals
 *   nor names without a dot
 */
export function normalAddress(text: string): string | null {
  if (text.length > MOST_ADDRESS_BYTES || !text.isWellFormed()) return null
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at).normalize('NFC')
  const domain = asciiDomain(text.slice(at + 1))
  if (at < 1 || domain === null || !LOCAL.test(local) || utf8Length(local) > MOST_LOCAL_BYTES)
    return null
  const address = `${local}@${domain}`
  return utf8Length(address) <= MOST_ADDRESS_BYTES ? address : null
}

function partsOf(input: unknown): { readonly email?: unknown; readonly name?: unknown } {
  if (typeof input === 'object' && input !== null) return input
  if (typeof input !== 'string') return {}
  const text = input.trim()
  const open = text.lastIndexOf('<')
  if (open < 0) return { email: text }
  if (!text.endsWith('>')) return {}
  const name = nameOf(text.slice(0, open).trim())
  return name === null ? {} : { email: text.slice(open + 1, -1), name }
}

/** @returns The name that was written, without its quotes; `null` when it is not written as one */
function nameOf(written: string): string | null {
  if (written.length > MOST_NAME_CHARACTERS * 2) return null
  const quoted = /^"((?:[^"\\]|\\.)*)"$/u.exec(written)?.[1]
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gu, '$1')
  return NAME_SPECIALS.test(written) ? null : written
}

function asciiDomain(domain: string): string | null {
  const ascii = /^\p{ASCII}*$/u.test(domain) ? domain : punycode(domain)
  const labels = ascii?.split('.') ?? []
  const isDomain =
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  return isDomain ? ascii : null
}

/** URLs know how: every runtime maps their hosts by UTS 46. */
function punycode(domain: string): string | null {
  // Of ASCII, only what stands in a name of a host: nothing that a URL would read as another part
  // of it.
  if (/(?![A-Za-z0-9.-])\p{ASCII}/u.test(domain)) return null
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    return null
  }
}
