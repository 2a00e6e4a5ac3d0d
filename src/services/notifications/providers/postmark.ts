import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { formatMailbox } from '../addresses/format-mailbox.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import type { NotificationError } from '../notification-error.ts'
import {
  askProvider,
  refusalOf,
  textIn,
  valueIn,
  type ProviderAnswer,
  type RefusalDetail,
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

/** What {@link postmark} needs. */
export interface PostmarkOptions {
  readonly serverToken: string
  /** Default: the server's own for transactional mail, `outbound`. */
  readonly messageStream?: string
  /** Default `https://api.postmarkapp.com`. */
  readonly baseUrl?: string
}

const NAME = 'postmark'

/** What its error codes say beyond their statuses. */
const CODES: Readonly<Record<string, RefusalDetail>> = {
  10: { code: 'authentication' },
  400: { code: 'authentication' },
  401: { code: 'authentication' },
  405: { code: 'quota' },
  // All recipients are inactive: they bounced for good or complained before.
  406: { code: 'invalid_recipient', recipient: 'suppressed' },
  412: { code: 'authentication' },
  413: { code: 'authentication' },
  429: { code: 'rate_limited' },
}

const HARD_BOUNCES = new Set(['HardBounce', 'BadEmailAddress', 'ManuallyDeactivated'])
const WAITING = new Set(['Transient', 'DnsError'])
const FAILURES = new Set([
  'Blocked',
  'ISPBlock',
  'InboundError',
  'DMARCPolicy',
  'TemplateRenderingFailed',
])

/**
 * Sends e-mail through Postmark.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from: 'shop@example.com',
 *   email: [postmark({ serverToken: env.POSTMARK_TOKEN })],
 * })
 *
 * @throws TypeError when the token is absent
 * @see https://postmarkapp.com/developer/api/email-api
 */
export function postmark(options: PostmarkOptions): EmailProvider {
  checkOptions('create postmark()', options, ['serverToken'], ['messageStream', 'baseUrl'])
  const { serverToken, messageStream, baseUrl = 'https://api.postmarkapp.com' } = options
  const token = checkCredential('create postmark()', 'serverToken', serverToken)
  const base = checkBaseUrl('create postmark()', baseUrl)

  function post(path: string, body: unknown, context: ProviderContext): Promise<ProviderAnswer> {
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'x-postmark-server-token': token,
    }
    return askProvider(NAME, { url: base + path, headers, body: JSON.stringify(body) }, context)
  }

  function receiptOf(
    answer: ProviderAnswer,
    result: unknown,
  ): { readonly providerMessageId: string | null } | NotificationError {
    const code = textIn(result, 'ErrorCode')
    if (answer.ok && (code === null || code === '0'))
      return { providerMessageId: textIn(result, 'MessageID') }
    // One of a batch that was refused stands in an answer that succeeded as a whole.
    const status = answer.ok ? 422 : answer.status
    const known = code !== null && Object.hasOwn(CODES, code) ? CODES[code] : undefined
    return refusalOf(
      NAME,
      { ...answer, status },
      {
        ...known,
        vendorCode: code ?? undefined,
      },
    )
  }

  return {
    name: NAME,
    limits: { bytes: 7_000_000, recipients: 50 },
    async send(email, context) {
      const answer = await post('/email', bodyOf(email, messageStream), context)
      const receipt = receiptOf(answer, answer.json)
      if (receipt instanceof Error) throw receipt
      return receipt
    },
    batch: {
      size: 500,
      async send(emails, context) {
        const bodies = emails.map((email) => bodyOf(email, messageStream))
        const answer = await post('/email/batch', bodies, context)
        if (!answer.ok) {
          const receipt = receiptOf(answer, answer.json)
          if (receipt instanceof Error) throw receipt
        }
        return emails.map((_, index) => receiptOf(answer, valueIn(answer.json, index)))
      },
    },
    readEvents: readEvent,
  }
}

function bodyOf(email: OutgoingEmail, messageStream: string | undefined): object {
  const { id, from, to, cc, bcc, replyTo, subject, html, text, attachments, headers, tags } = email
  const tracking = email.providerTracking
  return {
    From: formatMailbox(from),
    To: to.map(formatMailbox).join(', '),
    ...(cc.length > 0 && { Cc: cc.map(formatMailbox).join(', ') }),
    ...(bcc.length > 0 && { Bcc: bcc.map(formatMailbox).join(', ') }),
    ...(replyTo.length > 0 && { ReplyTo: replyTo.map(formatMailbox).join(', ') }),
    Subject: subject,
    ...(html !== null && { HtmlBody: html }),
    ...(text !== null && { TextBody: text }),
    ...(attachments.length > 0 && {
      Attachments: attachments.map(({ filename, contentType, contentId, bytes }) => ({
        Name: filename,
        Content: encodeBase64(bytes),
        ContentType: contentType,
        ...(contentId !== null && { ContentID: `cid:${contentId}` }),
      })),
    }),
    ...(Object.keys(headers).length > 0 && {
      Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
    }),
    Metadata: { ...tags, [MESSAGE_ID_FIELD]: id },
    ...(tracking !== null && {
      TrackOpens: tracking,
      TrackLinks: tracking ? 'HtmlOnly' : 'None',
    }),
    ...(messageStream !== undefined && { MessageStream: messageStream }),
  }
}

function readEvent(event: unknown): readonly ProviderEvent[] {
  const record = textIn(event, 'RecordType')
  const kind = textIn(event, 'Type') ?? ''
  const fields = {
    messageId: textIn(event, 'Metadata', MESSAGE_ID_FIELD),
    providerMessageId: textIn(event, 'MessageID'),
    recipient: textIn(event, 'Recipient') ?? textIn(event, 'Email'),
    at: instantOf(
      ['DeliveredAt', 'BouncedAt', 'ReceivedAt', 'ChangedAt']
        .map((field) => textIn(event, field))
        .find((date) => date !== null),
    ),
    // Only bounces have an id of their own.
    eventId: textIn(event, 'ID'),
  }
  const url = textIn(event, 'OriginalLink')
  if (record === 'Delivery') return [providerEvent('delivered', fields)]
  if (record === 'Open') return [providerEvent('opened', fields)]
  if (record === 'Click')
    return [providerEvent('clicked', { ...fields, ...(url !== null && { url }) })]
  if (record === 'SpamComplaint' || kind === 'SpamComplaint' || kind === 'SpamNotification')
    return [providerEvent('complained', fields)]
  if (record === 'SubscriptionChange')
    return valueIn(event, 'SuppressSending') === true &&
      valueIn(event, 'SuppressionReason') === 'ManualSuppression'
      ? [providerEvent('unsubscribed', fields)]
      : []
  if (record !== 'Bounce') return []
  if (kind === 'Unsubscribe') return [providerEvent('unsubscribed', fields)]
  if (WAITING.has(kind)) return [providerEvent('deferred', { ...fields, reason: kind })]
  if (FAILURES.has(kind)) return [providerEvent('failed', { ...fields, reason: kind })]
  if (HARD_BOUNCES.has(kind))
    return [providerEvent('bounced', { ...fields, bounce: 'hard', reason: kind })]
  return kind === 'SoftBounce' || kind === 'Unknown'
    ? [providerEvent('bounced', { ...fields, bounce: 'soft', reason: kind })]
    : []
}
