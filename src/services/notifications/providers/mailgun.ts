import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { formatMailbox } from '../addresses/format-mailbox.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import { askProvider, refusalOf, textIn, valueIn } from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { instantOf, providerEvent } from './requests/webhook-fields.ts'
import { MESSAGE_ID_FIELD, type EmailProvider, type ProviderEvent } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link mailgun} needs. */
export interface MailgunOptions {
  readonly apiKey: string
  /** The domain that sends: `mg.example.com`. */
  readonly domain: string
  /** Default `https://api.mailgun.net`; that of the EU is `https://api.eu.mailgun.net`. */
  readonly baseUrl?: string
}

const NAME = 'mailgun'

const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  accepted: 'sent',
  delivered: 'delivered',
  opened: 'opened',
  clicked: 'clicked',
  unsubscribed: 'unsubscribed',
  complained: 'complained',
  rejected: 'failed',
  failed: 'bounced',
}

/**
 * Sends e-mail through Mailgun.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from,
 *   email: [mailgun({ apiKey: env.MAILGUN_KEY, domain: 'mg.example.com' })],
 * })
 *
 * @throws TypeError when the key or the domain is absent
 * @see https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
 */
export function mailgun(options: MailgunOptions): EmailProvider {
  checkOptions('create mailgun()', options, ['apiKey', 'domain'], ['baseUrl'])
  const { apiKey, domain, baseUrl = 'https://api.mailgun.net' } = options
  const key = checkCredential('create mailgun()', 'apiKey', apiKey)
  const name = encodeURIComponent(checkCredential('create mailgun()', 'domain', domain))
  const url = `${checkBaseUrl('create mailgun()', baseUrl)}/v3/${name}/messages`
  const authorization = `Basic ${encodeBase64(encodeUtf8(`api:${key}`))}`
  return {
    name: NAME,
    limits: { bytes: 18_000_000, recipients: 1000 },
    async send(email, context) {
      const request = { url, headers: { authorization }, body: formOf(email) }
      const answer = await askProvider(NAME, request, context)
      if (!answer.ok) throw refusalOf(NAME, answer)
      return { providerMessageId: textIn(answer.json, 'id')?.replaceAll(/^<|>$/g, '') ?? null }
    },
    readEvents: readEvent,
  }
}

function formOf(email: OutgoingEmail): FormData {
  const { id, from, to, cc, bcc, replyTo, subject, html, text, attachments, headers, tags } = email
  const form = new FormData()
  form.append('from', formatMailbox(from))
  for (const [field, mailboxes] of Object.entries({ to, cc, bcc }))
    for (const mailbox of mailboxes) form.append(field, formatMailbox(mailbox))
  if (replyTo.length > 0) form.append('h:Reply-To', replyTo.map(formatMailbox).join(', '))
  form.append('subject', subject)
  if (text !== null) form.append('text', text)
  if (html !== null) form.append('html', html)
  for (const { filename, contentType, contentId, bytes } of attachments) {
    // An image shown in place is found by the name of its file.
    const file = new Blob([bytes], { type: contentType })
    form.append(contentId === null ? 'attachment' : 'inline', file, contentId ?? filename)
  }
  for (const [field, value] of Object.entries(headers)) form.append(`h:${field}`, value)
  for (const [field, value] of Object.entries({ ...tags, [MESSAGE_ID_FIELD]: id }))
    form.append(`v:${field}`, value)
  if (email.providerTracking !== null) {
    const tracking = email.providerTracking
    form.append('o:tracking-clicks', tracking ? 'htmlonly' : 'no')
    form.append('o:tracking-opens', tracking ? 'yes' : 'no')
  }
  return form
}

function readEvent(event: unknown): readonly ProviderEvent[] {
  const data = valueIn(event, 'event-data')
  const name = textIn(data, 'event') ?? ''
  const type = Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined
  if (type === undefined) return []
  const url = textIn(data, 'url')
  const reason = textIn(data, 'delivery-status', 'enhanced-code') ?? textIn(data, 'reason')
  const bot = textIn(data, 'client-info', 'bot')
  const fields = {
    messageId: textIn(data, 'user-variables', MESSAGE_ID_FIELD),
    providerMessageId: textIn(data, 'message', 'headers', 'message-id'),
    recipient: textIn(data, 'recipient'),
    at: instantOf(valueIn(data, 'timestamp')),
    eventId: textIn(data, 'id'),
    ...(reason !== null && { reason }),
    ...(type === 'clicked' && url !== null && { url }),
    ...(bot !== null && { machine: true }),
  }
  if (type !== 'bounced') return [providerEvent(type, fields)]
  if (valueIn(data, 'severity') === 'temporary') return [providerEvent('deferred', fields)]
  // Its own lists, and blocks of the sender: nothing new about the address.
  if (valueIn(data, 'reason') !== 'bounce') return [providerEvent('failed', fields)]
  const bounce = /^5\.(?!1\.)/.test(reason ?? '') ? 'soft' : 'hard'
  return [providerEvent('bounced', { ...fields, bounce })]
}
