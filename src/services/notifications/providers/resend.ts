import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { formatMailbox } from '../addresses/format-mailbox.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import type { NotificationErrorCode } from '../notification-error.ts'
import {
  askProvider,
  refusalOf,
  textIn,
  valueIn,
  type ProviderAnswer,
} from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { instantOf, providerEvent } from './requests/webhook-fields.ts'
import {
  MESSAGE_ID_FIELD,
  type EmailProvider,
  type ProviderContext,
  type ProviderEvent,
} from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link resend} needs. */
export interface ResendOptions {
  readonly apiKey: string
  /** Default `https://api.resend.com`. */
  readonly baseUrl?: string
}

const NAME = 'resend'

/** What its error names say beyond their statuses. */
const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  daily_quota_exceeded: 'quota',
  monthly_quota_exceeded: 'quota',
  invalid_to_address: 'invalid_recipient',
  // The first request with our id is still on its way there: it will be answered when asked again.
  concurrent_idempotent_requests: 'unavailable',
}

const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  'email.sent': 'sent',
  'email.delivery_delayed': 'deferred',
  'email.delivered': 'delivered',
  'email.opened': 'opened',
  'email.clicked': 'clicked',
  'email.bounced': 'bounced',
  'email.complained': 'complained',
  'email.failed': 'failed',
  'email.suppressed': 'failed',
}

/**
 * Sends e-mail through Resend. It drops a second request with the same id of ours for a day, so
 * that one whose answer was lost is made again.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from: 'shop@example.com',
 *   email: [resend({ apiKey: env.RESEND_KEY })],
 * })
 *
 * @throws TypeError when the key is absent
 * @see https://resend.com/docs/api-reference/emails/send-email
 */
export function resend(options: ResendOptions): EmailProvider {
  checkOptions('create resend()', options, ['apiKey'], ['baseUrl'])
  const { apiKey, baseUrl = 'https://api.resend.com' } = options
  const key = checkCredential('create resend()', 'apiKey', apiKey)
  const base = checkBaseUrl('create resend()', baseUrl)

  function post(
    path: string,
    idempotencyKey: string,
    body: unknown,
    context: ProviderContext,
  ): Promise<ProviderAnswer> {
    const request = {
      url: `${base}${path}`,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
    }
    return askProvider(NAME, request, context)
  }

  return {
    name: NAME,
    idempotent: true,
    limits: { bytes: 29_000_000, recipients: 50 },
    async send(email, context) {
      const answer = await post('/emails', email.id, bodyOf(email), context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'id') }
      throw refusal(answer)
    },
    batch: {
      size: 100,
      async send(emails, context) {
        const first = emails[0]?.id ?? ''
        const answer = await post('/emails/batch', `batch-${first}`, emails.map(bodyOf), context)
        if (!answer.ok) throw refusal(answer)
        return emails.map((_, index) => ({
          providerMessageId: textIn(answer.json, 'data', index, 'id'),
        }))
      },
    },
    readEvents: readEvent,
  }
}

function bodyOf(email: OutgoingEmail): object {
  const { id, from, to, cc, bcc, replyTo, subject, html, text, attachments, headers, tags } = email
  return {
    from: formatMailbox(from),
    to: to.map(formatMailbox),
    ...(cc.length > 0 && { cc: cc.map(formatMailbox) }),
    ...(bcc.length > 0 && { bcc: bcc.map(formatMailbox) }),
    ...(replyTo.length > 0 && { reply_to: replyTo.map(formatMailbox) }),
    subject,
    ...(html !== null && { html }),
    ...(text !== null && { text }),
    ...(attachments.length > 0 && {
      attachments: attachments.map(({ filename, contentType, contentId, bytes }) => ({
        filename,
        content: encodeBase64(bytes),
        content_type: contentType,
        ...(contentId !== null && { content_id: contentId }),
      })),
    }),
    ...(Object.keys(headers).length > 0 && { headers }),
    tags: Object.entries({ ...tags, [MESSAGE_ID_FIELD]: id }).map(([name, value]) => ({
      name,
      value,
    })),
  }
}

function refusal(answer: ProviderAnswer): Error {
  const name = textIn(answer.json, 'name') ?? undefined
  return refusalOf(NAME, answer, {
    vendorCode: name,
    code: name !== undefined && Object.hasOwn(CODES, name) ? CODES[name] : undefined,
  })
}

function readEvent(event: unknown): readonly ProviderEvent[] {
  const name = textIn(event, 'type') ?? ''
  const type = Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined
  if (type === undefined) return []
  const data = valueIn(event, 'data')
  const url = textIn(data, 'click', 'link')
  const reason = textIn(data, 'bounce', 'subType') ?? (name === 'email.suppressed' ? name : null)
  const permanent = valueIn(data, 'bounce', 'type') === 'Permanent'
  return [
    providerEvent(type, {
      messageId: tagIn(valueIn(data, 'tags')),
      providerMessageId: textIn(data, 'email_id'),
      recipient: valueIn(data, 'to', 1) === undefined ? textIn(data, 'to', 0) : null,
      at: instantOf(textIn(data, 'click', 'timestamp') ?? textIn(event, 'created_at')),
      ...(type === 'bounced' && { bounce: permanent ? 'hard' : 'soft' }),
      ...(reason !== null && { reason }),
      ...(type === 'clicked' && url !== null && { url }),
    }),
  ]
}

/** It sends tags as an object; in its requests they are a list. */
function tagIn(tags: unknown): string | null {
  if (!Array.isArray(tags)) return textIn(tags, MESSAGE_ID_FIELD)
  return textIn(
    tags.find((tag: unknown) => textIn(tag, 'name') === MESSAGE_ID_FIELD),
    'value',
  )
}
