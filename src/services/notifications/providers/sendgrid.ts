import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import type { Mailbox } from '../addresses/mailbox.ts'
import { askProvider, refusalOf, textIn, valueIn } from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { instantOf, providerEvent } from './requests/webhook-fields.ts'
import { MESSAGE_ID_FIELD, type EmailProvider, type ProviderEvent } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link sendgrid} needs. */
export interface SendGridOptions {
  /** An API key that may send mail. */
  readonly apiKey: string
  /** Default `https://api.sendgrid.com`; that of the EU is `https://api.eu.sendgrid.com`. */
  readonly baseUrl?: string
}

const NAME = 'sendgrid'

/** SendGrid's event names and ours; `bounce` is looked at more closely. */
const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  processed: 'sent',
  deferred: 'deferred',
  delivered: 'delivered',
  open: 'opened',
  click: 'clicked',
  bounce: 'bounced',
  dropped: 'failed',
  spamreport: 'complained',
  unsubscribe: 'unsubscribed',
  group_unsubscribe: 'unsubscribed',
}

/**
 * Sends e-mail through SendGrid's v3 API.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from: 'shop@example.com',
 *   email: [sendgrid({ apiKey: env.SENDGRID_KEY })],
 * })
 *
 * @throws TypeError when the key is absent
 * @see https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 */
export function sendgrid(options: SendGridOptions): EmailProvider {
  checkOptions('create sendgrid()', options, ['apiKey'], ['baseUrl'])
  const { apiKey, baseUrl = 'https://api.sendgrid.com' } = options
  const key = checkCredential('create sendgrid()', 'apiKey', apiKey)
  const url = `${checkBaseUrl('create sendgrid()', baseUrl)}/v3/mail/send`
  return {
    name: NAME,
    limits: { bytes: 20_000_000, recipients: 1000 },
    async send(email, context) {
      const { id, from, to, cc, bcc, replyTo, text, html, attachments, headers, tags } = email
      const tracking = email.providerTracking
      const answer = await askProvider(
        NAME,
        {
          url,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            personalizations: [
              {
                to: to.map(addressOf),
                ...(cc.length > 0 && { cc: cc.map(addressOf) }),
                ...(bcc.length > 0 && { bcc: bcc.map(addressOf) }),
                custom_args: { ...tags, [MESSAGE_ID_FIELD]: id },
              },
            ],
            from: addressOf(from),
            ...(replyTo.length > 0 && { reply_to_list: replyTo.map(addressOf) }),
            subject: email.subject,
            content: [
              ...(text === null ? [] : [{ type: 'text/plain', value: text }]),
              ...(html === null ? [] : [{ type: 'text/html', value: html }]),
            ],
            ...(attachments.length > 0 && {
              attachments: attachments.map(({ filename, contentType, contentId, bytes }) => ({
                content: encodeBase64(bytes),
                type: contentType,
                filename,
                disposition: contentId === null ? 'attachment' : 'inline',
                ...(contentId !== null && { content_id: contentId }),
              })),
            }),
            ...(Object.keys(headers).length > 0 && { headers }),
            ...(tracking !== null && {
              tracking_settings: {
                click_tracking: { enable: tracking, enable_text: false },
                open_tracking: { enable: tracking },
              },
            }),
          }),
        },
        context,
      )
      if (answer.ok) return { providerMessageId: answer.headers.get('x-message-id') }
      // It names the field at fault as a path: personalizations.0.to.0.email.
      const field = textIn(answer.json, 'errors', 0, 'field')
      const isRecipient = /^personalizations\.\d+\.(?:to|cc|bcc)\b/.test(field ?? '')
      throw refusalOf(NAME, answer, {
        vendorCode: field ?? undefined,
        code: answer.status === 400 && isRecipient ? 'invalid_recipient' : undefined,
        retryAfterMs:
          answer.status === 429 ? resetMs(answer.headers, context.clock.now()) : undefined,
      })
    },
    readEvents: (events) => (Array.isArray(events) ? events.flatMap(readEvent) : []),
  }
}

function readEvent(event: unknown): readonly ProviderEvent[] {
  const name = textIn(event, 'event') ?? ''
  const type = Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined
  if (type === undefined) return []
  const status = textIn(event, 'status')
  const url = textIn(event, 'url')
  // Blocked: refused for now, of the server or its reputation, and not of the address.
  const blocked = type === 'bounced' && valueIn(event, 'type') === 'blocked'
  return [
    providerEvent(blocked ? 'failed' : type, {
      messageId: textIn(event, MESSAGE_ID_FIELD),
      providerMessageId: textIn(event, 'sg_message_id')?.split('.')[0] ?? null,
      recipient: textIn(event, 'email'),
      at: instantOf(valueIn(event, 'timestamp')),
      eventId: textIn(event, 'sg_event_id'),
      ...(type === 'bounced' &&
        !blocked && { bounce: status?.startsWith('5.1.') === true ? 'hard' : 'soft' }),
      ...(status !== null && { reason: status }),
      ...(type === 'clicked' && url !== null && { url }),
      ...(valueIn(event, 'sg_machine_open') === true && { machine: true }),
    }),
  ]
}

function addressOf({ email, name }: Mailbox): Mailbox {
  return name === undefined ? { email } : { email, name }
}

/** Its limit says when it ends, in seconds since 1970. */
function resetMs(headers: Headers, now: number): number | undefined {
  const reset = Number(headers.get('x-ratelimit-reset') ?? NaN)
  return Number.isFinite(reset) ? Math.max(reset * 1000 - now, 0) : undefined
}
