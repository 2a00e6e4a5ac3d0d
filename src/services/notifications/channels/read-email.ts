import { lineFault } from '../addresses/check-line.ts'
import { readMailbox, type Mailbox } from '../addresses/mailbox.ts'
import { NotificationError } from '../notification-error.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { checkHeaders } from './custom-headers.ts'
import type { Attachment, EmailContent, OutgoingEmail } from './email-message.ts'

const MOST_RECIPIENTS = 1000
/**
 * The longest line of a header (RFC 5322 §2.1.1), and what mail clients show of it is far shorter.
 */
const MOST_SUBJECT_CHARACTERS = 998
const MOST_BODY_BYTES = 10_000_000
const MOST_TAGS = 10
const TAG = /^[A-Za-z0-9_-]{1,64}$/
const TAG_VALUE = /^[A-Za-z0-9_-]{0,256}$/

/** What stands in an e-mail by itself: all but its id and what is counted of it. */
export type CheckedEmail = Omit<OutgoingEmail, 'id' | 'providerTracking'>

/**
 * Checks an e-mail and writes out what it leaves open. Addresses that stand in it twice are sent to
 * once.
 *
 * @param from The sender where the message names none
 * @throws NotificationError `invalid_recipient` or `invalid_request`
 */
export async function readEmail(content: EmailContent, from: unknown): Promise<CheckedEmail> {
  const sender = content.from ?? from
  if (sender === undefined)
    throw refusal('no sender is named, pass from, or createNotifications({ from }) for all e-mail')
  const seen = new Set<string>()
  const to = readList('to', content.to, seen)
  const cc = readList('cc', content.cc ?? [], seen)
  const bcc = readList('bcc', content.bcc ?? [], seen)
  if (to.length === 0)
    throw new NotificationError('invalid_recipient', 'Cannot send e-mail: to names nobody')
  if (seen.size > MOST_RECIPIENTS)
    throw refusal(`it has ${seen.size} recipients, at most ${MOST_RECIPIENTS} allowed`)
  const subject = readSubject(content.subject)
  const html = readBody('html', content.html)
  const text = readBody('text', content.text)
  if (html === null && text === null) throw refusal('it has neither html nor text')
  const attachments = await readFiles(content.attachments)
  const files = attachments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  return {
    from: readMailbox('from', sender, 'invalid_request'),
    to,
    cc,
    bcc,
    replyTo: readList('replyTo', content.replyTo ?? [], new Set(), 'invalid_request'),
    subject,
    html,
    text,
    attachments,
    headers: content.headers === undefined ? {} : checkHeaders(content.headers),
    tags: content.tags === undefined ? {} : readTags(content.tags),
    size: utf8Length(html ?? '') + utf8Length(text ?? '') + files,
  }
}

function readList(
  field: string,
  given: unknown,
  seen: Set<string>,
  code: 'invalid_recipient' | 'invalid_request' = 'invalid_recipient',
): readonly Mailbox[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length > MOST_RECIPIENTS)
    throw refusal(`${field} has ${list.length} addresses, at most ${MOST_RECIPIENTS} allowed`)
  const mailboxes = list.map((each, index) =>
    readMailbox(Array.isArray(given) ? `${field}[${index}]` : field, each, code),
  )
  return mailboxes.filter(({ email }) => {
    const key = email.toLowerCase()
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

function readSubject(subject: unknown): string {
  if (subject === undefined || subject === '') throw refusal('it has no subject')
  const fault = lineFault(subject, MOST_SUBJECT_CHARACTERS)
  if (typeof subject === 'string' && fault === null) return subject
  throw refusal(`the subject ${fault ?? 'is no text'}`)
}

function readBody(field: string, body: unknown): string | null {
  if (body === undefined || body === '') return null
  if (typeof body !== 'string') throw refusal(`${field} is a ${typeof body}, text expected`)
  if (!body.isWellFormed()) throw refusal(`${field} holds half a surrogate pair`)
  if (body.length * 3 > MOST_BODY_BYTES && utf8Length(body) > MOST_BODY_BYTES)
    throw refusal(`${field} has over ${MOST_BODY_BYTES} bytes`)
  return body
}

async function readFiles(files: EmailContent['attachments']): Promise<readonly Attachment[]> {
  if (files === undefined || (Array.isArray(files) && files.length === 0)) return []
  const { readAttachments } = await import('./attachment.ts')
  return readAttachments(files)
}

function readTags(tags: unknown): Readonly<Record<string, string>> {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags))
    throw refusal('tags is no object of texts')
  const entries: readonly (readonly [string, unknown])[] = Object.entries(tags)
  if (entries.length > MOST_TAGS)
    throw refusal(`tags has ${entries.length} entries, at most ${MOST_TAGS} allowed`)
  const checked = entries.map(([name, value]): [string, string] => {
    if (
      TAG.test(name) &&
      name !== '__proto__' &&
      typeof value === 'string' &&
      TAG_VALUE.test(value)
    )
      return [name, value]
    throw refusal('tags has a name or a value of other than letters, digits, _ and -')
  })
  return Object.fromEntries(checked)
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send e-mail: ${fault}`)
}
