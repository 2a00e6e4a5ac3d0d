import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import { asciiMailbox } from '../mime/header-field.ts'
import type { NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf, textIn, valueIn } from './requests/ask-provider.ts'
import { checkBaseUrl } from './requests/check-credential.ts'
import { checkAwsAccount, signAwsRequest, type AwsAccount } from './requests/sign-aws-request.ts'
import { instantOf, providerEvent } from './requests/webhook-fields.ts'
import { MESSAGE_ID_FIELD, type EmailProvider, type ProviderEvent } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link ses} needs. */
export interface SesOptions extends AwsAccount {
  /**
   * The configuration set whose event destination publishes to SNS; without one there are no
   * events.
   */
  readonly configurationSet?: string
  /** Default: that of the region. */
  readonly baseUrl?: string
}

const NAME = 'ses'

/** What its error types say beyond their statuses. */
const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  TooManyRequestsException: 'rate_limited',
  ThrottlingException: 'rate_limited',
  Throttling: 'rate_limited',
  LimitExceededException: 'quota',
  AccountSuspendedException: 'quota',
  SendingPausedException: 'quota',
  MailFromDomainNotVerifiedException: 'authentication',
  NotFoundException: 'authentication',
}

const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  Send: 'sent',
  Delivery: 'delivered',
  DeliveryDelay: 'deferred',
  Open: 'opened',
  Click: 'clicked',
  Bounce: 'bounced',
  Complaint: 'complained',
  Reject: 'failed',
  'Rendering Failure': 'failed',
  Subscription: 'unsubscribed',
}

/** Where each kind of event has its details. */
const DETAILS = 'delivery deliveryDelay open click bounce complaint reject failure subscription'

/**
 * Sends e-mail through Amazon SES, version 2 of its API.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from,
 *   email: [ses({ accessKeyId, secretAccessKey, region: 'eu-west-1' })],
 * })
 *
 * @throws TypeError when a credential or the region is absent
 * @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
 */
export function ses(options: SesOptions): EmailProvider {
  checkOptions(
    'create ses()',
    options,
    ['accessKeyId', 'secretAccessKey', 'region'],
    ['sessionToken', 'configurationSet', 'baseUrl'],
  )
  const account = checkAwsAccount('create ses()', options)
  const { baseUrl = `https://email.${account.region}.amazonaws.com`, configurationSet } = options
  const url = `${checkBaseUrl('create ses()', baseUrl)}/v2/email/outbound-emails`
  return {
    name: NAME,
    limits: { bytes: 28_000_000, recipients: 50 },
    async send(email, context) {
      const body = JSON.stringify(bodyOf(email, configurationSet))
      const headers = await signAwsRequest(account, {
        url,
        headers: { 'content-type': 'application/json' },
        body,
        service: 'ses',
        now: context.clock.now(),
      })
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'MessageId') }
      const type = answer.headers.get('x-amzn-errortype')?.split(':')[0]
      throw refusalOf(NAME, answer, {
        vendorCode: type,
        code: type !== undefined && Object.hasOwn(CODES, type) ? CODES[type] : undefined,
      })
    },
    readEvents: readEvent,
  }
}

function bodyOf(email: OutgoingEmail, configurationSet: string | undefined): object {
  const { id, from, to, cc, bcc, replyTo, subject, html, text, attachments, headers, tags } = email
  const utf8 = (Data: string): object => ({ Data, Charset: 'UTF-8' })
  return {
    FromEmailAddress: asciiMailbox(from),
    Destination: {
      ToAddresses: to.map(asciiMailbox),
      ...(cc.length > 0 && { CcAddresses: cc.map(asciiMailbox) }),
      ...(bcc.length > 0 && { BccAddresses: bcc.map(asciiMailbox) }),
    },
    ...(replyTo.length > 0 && { ReplyToAddresses: replyTo.map(asciiMailbox) }),
    Content: {
      Simple: {
        Subject: utf8(subject),
        Body: {
          ...(text !== null && { Text: utf8(text) }),
          ...(html !== null && { Html: utf8(html) }),
        },
        ...(Object.keys(headers).length > 0 && {
          Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
        }),
        ...(attachments.length > 0 && {
          Attachments: attachments.map(({ filename, contentType, contentId, bytes }) => ({
            RawContent: encodeBase64(bytes),
            FileName: filename,
            ContentType: contentType,
            ContentTransferEncoding: 'BASE64',
            ContentDisposition: contentId === null ? 'ATTACHMENT' : 'INLINE',
            ...(contentId !== null && { ContentId: contentId }),
          })),
        }),
      },
    },
    EmailTags: Object.entries({ ...tags, [MESSAGE_ID_FIELD]: id }).map(([Name, Value]) => ({
      Name,
      Value,
    })),
    ...(configurationSet !== undefined && { ConfigurationSetName: configurationSet }),
  }
}

/** @param notification What SNS sent: the event is the text of its message */
function readEvent(notification: unknown): readonly ProviderEvent[] {
  const event = parsed(textIn(notification, 'Message'))
  const name = textIn(event, 'eventType') ?? textIn(event, 'notificationType') ?? ''
  const type = Object.hasOwn(EVENTS, name) ? EVENTS[name] : undefined
  if (type === undefined) return []
  const detail = DETAILS.split(' ')
    .map((key) => valueIn(event, key))
    .find((value) => value !== undefined)
  // What someone still subscribes to is of its contact lists, which are not ours.
  if (type === 'unsubscribed' && !isUnsubscribed(detail)) return []
  const permanent = valueIn(detail, 'bounceType') === 'Permanent'
  // It did not ask the receiver: the address stands on a list of its own.
  const suppressed = textIn(detail, 'bounceSubType')?.startsWith('OnAccountSuppression') === true
  const url = textIn(detail, 'link')
  const fields = {
    messageId: textIn(event, 'mail', 'tags', MESSAGE_ID_FIELD, 0),
    providerMessageId: textIn(event, 'mail', 'messageId'),
    at: instantOf(textIn(detail, 'timestamp') ?? textIn(event, 'mail', 'timestamp')),
    eventId: textIn(notification, 'MessageId'),
    ...(type === 'bounced' && !suppressed && ({ bounce: permanent ? 'hard' : 'soft' } as const)),
    ...(type === 'clicked' && url !== null && { url }),
  }
  return recipientsOf(detail).map((recipient) => {
    const reason = textIn(recipient, 'status') ?? textIn(detail, 'bounceSubType')
    return providerEvent(suppressed ? 'failed' : type, {
      ...fields,
      recipient: textIn(recipient, 'emailAddress') ?? textIn([recipient], 0),
      ...(reason !== null && { reason }),
    })
  })
}

function isUnsubscribed(detail: unknown): boolean {
  return valueIn(detail, 'newTopicPreferences', 'unsubscribeAll') === true
}

/** The recipients that an event names, or one unnamed where it is about the whole message. */
function recipientsOf(detail: unknown): readonly unknown[] {
  const named = ['bouncedRecipients', 'complainedRecipients', 'delayedRecipients', 'recipients']
    .map((key) => valueIn(detail, key))
    .find((value) => Array.isArray(value))
  return Array.isArray(named) && named.length > 0 ? named : [null]
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return null
  }
}
