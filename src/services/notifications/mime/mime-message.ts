import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Attachment, OutgoingEmail } from '../channels/email-message.ts'
import { mailboxField, parameterField, textField } from './header-field.ts'
import { encodeQuotedPrintable } from './quoted-printable.ts'

/** What {@link writeMimeMessage} needs beside the message. */
export interface MimeOptions {
  /** ms since 1970, for the `Date` header. */
  readonly now: number
  /** Makes boundaries. */
  readonly random: RandomSource
}

/** One part with its headers; `lines` of a part that has parts are those of its parts. */
interface Part {
  readonly head: string
  readonly body: string
}

/**
 * Writes an e-mail as RFC 5322 and MIME have it, in ASCII with CRLF at each line's end. Bcc is left
 * out: the envelope alone has it. Addresses beyond ASCII stand in it as UTF-8 (RFC 6532).
 */
export function writeMimeMessage(email: OutgoingEmail, { now, random }: MimeOptions): string {
  const { from, to, cc, replyTo } = email
  const head = [
    mailboxField('From', [from]),
    mailboxField('To', to),
    ...(cc.length > 0 ? [mailboxField('Cc', cc)] : []),
    ...(replyTo.length > 0 ? [mailboxField('Reply-To', replyTo)] : []),
    textField('Subject', email.subject),
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}\r\n`,
    `Message-ID: <${email.id}@${from.email.slice(from.email.lastIndexOf('@') + 1)}>\r\n`,
    ...Object.entries(email.headers).map(([name, value]) => textField(name, value)),
    'MIME-Version: 1.0\r\n',
  ]
  const content = contentOf(email, () => `=_${encodeHex(random.bytes(16))}`)
  return `${head.join('')}${content.head}\r\n${content.body}\r\n`
}

function contentOf({ text, html, attachments }: OutgoingEmail, boundary: () => string): Part {
  const inline = attachments.filter(({ contentId }) => contentId !== null)
  const attached = attachments.filter(({ contentId }) => contentId === null)
  const texts = [
    ...(text === null ? [] : [textPart('text/plain', text)]),
    ...(html === null ? [] : [related(textPart('text/html', html), inline, boundary)]),
    ...(html === null ? inline.map(filePart) : []),
  ]
  const body = together('multipart/alternative', texts, boundary)
  return together('multipart/mixed', [body, ...attached.map(filePart)], boundary)
}

function related(html: Part, inline: readonly Attachment[], boundary: () => string): Part {
  return together('multipart/related', [html, ...inline.map(filePart)], boundary)
}

function together(type: string, parts: readonly Part[], boundary: () => string): Part {
  const [only, ...more] = parts
  if (only !== undefined && more.length === 0) return only
  const mark = boundary()
  return {
    head: parameterField('Content-Type', type, { boundary: mark }),
    body: `${parts.map(({ head, body }) => `--${mark}\r\n${head}\r\n${body}\r\n`).join('')}--${mark}--`,
  }
}

function textPart(type: string, text: string): Part {
  return {
    head: `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n`,
    body: encodeQuotedPrintable(text),
  }
}

function filePart({ filename, contentType, contentId, bytes }: Attachment): Part {
  const disposition = contentId === null ? 'attachment' : 'inline'
  return {
    head: [
      `Content-Type: ${contentType}\r\n`,
      parameterField('Content-Disposition', disposition, { filename }),
      ...(contentId === null ? [] : [`Content-ID: <${contentId}>\r\n`]),
      'Content-Transfer-Encoding: base64\r\n',
    ].join(''),
    body: encodeBase64(bytes).replaceAll(/.{76}(?=.)/g, '$&\r\n'),
  }
}
