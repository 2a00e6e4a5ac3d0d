import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import type { RecipientState, NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf, textIn } from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { providerEvent } from './requests/webhook-fields.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { ProviderEvent, SmsProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link twilio} needs. */
export interface TwilioOptions {
  readonly accountSid: string
  /** The account's token; or, with `apiKeySid`, that key's secret. */
  readonly authToken: string
  /** An API key to sign in with in place of the account. */
  readonly apiKeySid?: string
  /** The sender of messages that name none. Default: none, each message names its own. */
  readonly from?: string
  /** Chooses senders for messages that name none. */
  readonly messagingServiceSid?: string
  /**
   * Where Twilio reports what becomes of messages; our id is added to its query. Default: nowhere.
   */
  readonly statusCallback?: string
  /** Default `https://api.twilio.com`. */
  readonly baseUrl?: string
}

const NAME = 'twilio'

/** The parameter of the callback's URL that holds our id: the body has Twilio's alone. */
const MESSAGE_PARAMETER = 'message'

/** What its error codes say beyond their statuses. */
const CODES: Readonly<
  Record<string, { readonly code: NotificationErrorCode; readonly recipient?: RecipientState }>
> = {
  21211: { code: 'invalid_recipient' },
  21214: { code: 'invalid_recipient' },
  21217: { code: 'invalid_recipient' },
  21610: { code: 'invalid_recipient', recipient: 'opted_out' },
  21612: { code: 'invalid_recipient' },
  21614: { code: 'invalid_recipient', recipient: 'gone' },
  20003: { code: 'authentication' },
  21408: { code: 'authentication' },
  21606: { code: 'authentication' },
  21659: { code: 'authentication' },
  21660: { code: 'authentication' },
  20429: { code: 'rate_limited' },
  21611: { code: 'rate_limited' },
  63038: { code: 'quota' },
  30002: { code: 'quota' },
}

const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'opened',
  undelivered: 'failed',
  failed: 'failed',
}

/** The number does not exist, or receives no SMS. */
const GONE = new Set(['30005', '30006', '21211', '21614'])
const OPTED_OUT = '21610'

/**
 * Sends SMS and MMS through Twilio.
 *
 * @example
 * createNotifications({ backend, sms: [twilio({ accountSid, authToken, from: '+15550100' })] })
 *
 * @throws TypeError when a credential is absent or an option malformed
 * @see https://www.twilio.com/docs/messaging/api/message-resource
 */
export function twilio(options: TwilioOptions): SmsProvider {
  checkOptions(
    'create twilio()',
    options,
    ['accountSid', 'authToken'],
    ['apiKeySid', 'from', 'messagingServiceSid', 'statusCallback', 'baseUrl'],
  )
  const { from, messagingServiceSid, statusCallback, baseUrl = 'https://api.twilio.com' } = options
  const accountSid = checkCredential('create twilio()', 'accountSid', options.accountSid)
  const secret = checkCredential('create twilio()', 'authToken', options.authToken)
  const user = checkCredential('create twilio()', 'apiKeySid', options.apiKeySid ?? accountSid)
  const base = checkBaseUrl('create twilio()', baseUrl)
  const url = `${base}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`
  const authorization = `Basic ${encodeBase64(encodeUtf8(`${user}:${secret}`))}`
  const callback = statusCallback === undefined ? null : callbackOf(statusCallback)
  return {
    name: NAME,
    async send(sms, context) {
      const form = new URLSearchParams({ To: sms.to, Body: sms.text })
      const sender = sms.from ?? from
      if (sender !== undefined) form.set('From', sender)
      else if (messagingServiceSid !== undefined)
        form.set('MessagingServiceSid', messagingServiceSid)
      for (const media of sms.mediaUrls) form.append('MediaUrl', media)
      if (callback !== null) {
        const target = new URL(callback)
        target.searchParams.set(MESSAGE_PARAMETER, sms.id)
        form.set('StatusCallback', target.href)
      }
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await askProvider(NAME, { url, headers, body: form.toString() }, context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'sid') }
      const vendorCode = textIn(answer.json, 'code') ?? undefined
      const known =
        vendorCode !== undefined && Object.hasOwn(CODES, vendorCode) ? CODES[vendorCode] : undefined
      throw refusalOf(NAME, answer, { ...known, vendorCode })
    },
    readEvents: readEvent,
  }
}

function callbackOf(url: unknown): URL {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed
  throw new TypeError('Cannot create twilio(): statusCallback is no http or https URL')
}

function readEvent(event: unknown, url: URL): readonly ProviderEvent[] {
  const status = textIn(event, 'MessageStatus') ?? textIn(event, 'SmsStatus') ?? ''
  const type = Object.hasOwn(EVENTS, status) ? EVENTS[status] : undefined
  if (type === undefined) return []
  const reason = textIn(event, 'ErrorCode')
  const providerMessageId = textIn(event, 'MessageSid') ?? textIn(event, 'SmsSid')
  const fields = {
    messageId: url.searchParams.get(MESSAGE_PARAMETER),
    providerMessageId,
    recipient: textIn(event, 'To'),
    // A callback has no id and no time: a message has each status once.
    eventId: `${providerMessageId ?? ''}:${status}`,
    ...(reason !== null && reason !== '0' && { reason }),
  }
  if (type !== 'failed') return [providerEvent(type, fields)]
  if (reason !== null && GONE.has(reason))
    return [providerEvent('bounced', { ...fields, bounce: 'hard' })]
  return reason === OPTED_OUT
    ? [providerEvent('failed', fields), providerEvent('unsubscribed', fields)]
    : [providerEvent('failed', fields)]
}
