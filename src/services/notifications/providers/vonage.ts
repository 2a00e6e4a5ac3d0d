import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { NotificationError } from '../notification-error.ts'
import { askProvider, refusalOf, textIn, valueIn } from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { instantOf, providerEvent } from './requests/webhook-fields.ts'
import type { ProviderEvent, SmsProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link vonage} needs. */
export interface VonageOptions {
  readonly apiKey: string
  readonly apiSecret: string
  /** The sender of messages that name none. */
  readonly from?: string
  /** Where Vonage reports what becomes of messages. Default: as the account is set. */
  readonly statusCallback?: string
  /** Default `https://api.nexmo.com`. */
  readonly baseUrl?: string
}

const NAME = 'vonage'

const EVENTS: Readonly<Record<string, ProviderEvent['type']>> = {
  submitted: 'sent',
  delivered: 'delivered',
  read: 'opened',
  rejected: 'failed',
  undeliverable: 'failed',
}

/** The number is no number, or nobody has it any more. */
const GONE = new Set(['1170', '1190', '1240'])

/**
 * Sends SMS through Vonage's Messages API. Vonage takes no request without a sender.
 *
 * @example
 * createNotifications({ backend, sms: [vonage({ apiKey, apiSecret, from: 'Shop' })] })
 *
 * @throws TypeError when a credential is absent
 * @see https://developer.vonage.com/en/api/messages
 */
export function vonage(options: VonageOptions): SmsProvider {
  checkOptions(
    'create vonage()',
    options,
    ['apiKey', 'apiSecret'],
    ['from', 'statusCallback', 'baseUrl'],
  )
  const { from, statusCallback, baseUrl = 'https://api.nexmo.com' } = options
  const key = checkCredential('create vonage()', 'apiKey', options.apiKey)
  const secret = checkCredential('create vonage()', 'apiSecret', options.apiSecret)
  const url = `${checkBaseUrl('create vonage()', baseUrl)}/v1/messages`
  const authorization = `Basic ${encodeBase64(encodeUtf8(`${key}:${secret}`))}`
  return {
    name: NAME,
    async send(sms, context) {
      const sender = sms.from ?? from
      if (sender === undefined || sms.mediaUrls.length > 0)
        throw new NotificationError(
          'invalid_request',
          `Cannot send through ${NAME}: ${sender === undefined ? 'no sender is named, from expected' : 'it sends no pictures by SMS'}`,
          { provider: NAME },
        )
      const body = JSON.stringify({
        message_type: 'text',
        channel: 'sms',
        to: sms.to.slice(1),
        from: sender.replace(/^\+/, ''),
        text: sms.text,
        client_ref: sms.id,
        ...(statusCallback !== undefined && { webhook_url: statusCallback, webhook_version: 'v1' }),
      })
      const headers = {
        authorization,
        accept: 'application/json',
        'content-type': 'application/json',
      }
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'message_uuid') }
      const parameters = valueIn(answer.json, 'invalid_parameters')
      const isRecipient =
        Array.isArray(parameters) && parameters.some((given) => textIn(given, 'name') === 'to')
      throw refusalOf(NAME, answer, {
        // The type is the URL of an error's page, its code behind the mark.
        vendorCode: textIn(answer.json, 'type')?.split('#')[1],
        code: answer.status === 422 && isRecipient ? 'invalid_recipient' : undefined,
      })
    },
    readEvents: readEvent,
  }
}

function readEvent(event: unknown): readonly ProviderEvent[] {
  const status = textIn(event, 'status') ?? ''
  const type = Object.hasOwn(EVENTS, status) ? EVENTS[status] : undefined
  if (type === undefined) return []
  const reason = textIn(event, 'error', 'title')
  const providerMessageId = textIn(event, 'message_uuid')
  const to = textIn(event, 'to')
  const gone = type === 'failed' && reason !== null && GONE.has(reason)
  return [
    providerEvent(gone ? 'bounced' : type, {
      messageId: textIn(event, 'client_ref'),
      providerMessageId,
      recipient: to === null ? null : `+${to}`,
      at: instantOf(textIn(event, 'timestamp')),
      eventId: `${providerMessageId ?? ''}:${status}`,
      ...(gone && { bounce: 'hard' }),
      ...(reason !== null && { reason }),
    }),
  ]
}
