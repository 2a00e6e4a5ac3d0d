import { checkOptions } from '../../../primitives/check-options.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf } from './requests/ask-provider.ts'
import { checkBaseUrl } from './requests/check-credential.ts'
import { checkAwsAccount, signAwsRequest, type AwsAccount } from './requests/sign-aws-request.ts'
import type { SmsProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link sns} needs. */
export interface SnsOptions extends AwsAccount {
  /** A name or a number that messages come from when they name none. */
  readonly from?: string
  /** Default `Transactional`. */
  readonly smsType?: 'Transactional' | 'Promotional'
  /** Default: that of the region. */
  readonly baseUrl?: string
}

const NAME = 'sns'

/** What its error codes say beyond their statuses. */
const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  Throttled: 'rate_limited',
  ThrottlingException: 'rate_limited',
  OptedOut: 'invalid_recipient',
  InvalidClientTokenId: 'authentication',
  SignatureDoesNotMatch: 'authentication',
  AuthorizationError: 'authentication',
  UserError: 'quota',
}

/**
 * Sends SMS through Amazon SNS. It reports to CloudWatch what becomes of messages, and to no
 * webhook.
 *
 * @example
 * createNotifications({
 *   backend,
 *   sms: [sns({ accessKeyId, secretAccessKey, region: 'eu-west-1' })],
 * })
 *
 * @throws TypeError when a credential or the region is absent
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function sns(options: SnsOptions): SmsProvider {
  checkOptions(
    'create sns()',
    options,
    ['accessKeyId', 'secretAccessKey', 'region'],
    ['sessionToken', 'from', 'smsType', 'baseUrl'],
  )
  const account = checkAwsAccount('create sns()', options)
  const { from, smsType = 'Transactional' } = options
  const { baseUrl = `https://sns.${account.region}.amazonaws.com` } = options
  const url = `${checkBaseUrl('create sns()', baseUrl)}/`
  return {
    name: NAME,
    async send(sms, context) {
      if (sms.mediaUrls.length > 0)
        throw new NotificationError(
          'invalid_request',
          `Cannot send through ${NAME}: it sends no pictures by SMS`,
          { provider: NAME },
        )
      const form = new URLSearchParams({
        Action: 'Publish',
        Version: '2010-03-31',
        PhoneNumber: sms.to,
        Message: sms.text,
      })
      const sender = sms.from ?? from
      const attributes = {
        'AWS.SNS.SMS.SMSType': smsType,
        ...(sender !== undefined && {
          // Numbers and names are told apart.
          [sender.startsWith('+') ? 'AWS.MM.SMS.OriginationNumber' : 'AWS.SNS.SMS.SenderID']:
            sender,
        }),
      }
      for (const [index, [name, value]] of Object.entries(attributes).entries()) {
        const entry = `MessageAttributes.entry.${index + 1}`
        form.set(`${entry}.Name`, name)
        form.set(`${entry}.Value.DataType`, 'String')
        form.set(`${entry}.Value.StringValue`, value)
      }
      const body = form.toString()
      const headers = await signAwsRequest(account, {
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
        service: 'sns',
        now: context.clock.now(),
      })
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: elementIn(answer.text, 'MessageId') }
      const code = elementIn(answer.text, 'Code') ?? undefined
      throw refusalOf(NAME, answer, {
        vendorCode: code,
        code: code !== undefined && Object.hasOwn(CODES, code) ? CODES[code] : undefined,
        recipient: code === 'OptedOut' ? 'opted_out' : undefined,
      })
    },
  }
}

/** Its answers are flat XML whose values are ids and codes. */
function elementIn(xml: string, name: string): string | null {
  return new RegExp(`<${name}>([\\w.:-]{1,200})</${name}>`).exec(xml)?.[1] ?? null
}
