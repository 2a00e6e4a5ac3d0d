import type { ChatContent } from '../channels/chat-message.ts'
import type { EmailContent } from '../channels/email-message.ts'
import type { PushContent } from '../channels/push-message.ts'
import type { SmsContent } from '../channels/sms-message.ts'
import type { NotificationTemplate } from '../templates/template.ts'

/** What every message may say about how it is sent. */
export interface SendOptions<Input = unknown> {
  /** A template, or the name of one that `createNotifications({ templates })` has. */
  readonly template?: string | NotificationTemplate<string, Input>
  /** What the template shows. */
  readonly data?: Input
  /** Which of the template's languages, by BCP 47. Default: the one without a name. */
  readonly locale?: string
  /** Asks this provider alone. Default: all of the channel, in their order. */
  readonly provider?: string
  /**
   * Sends the message once, however often it is asked for under this key: 1 to 400 bytes. Default:
   * each call is a message of its own.
   */
  readonly idempotencyKey?: string
  /**
   * Whether it may be sent again when an answer was lost and it may have been sent already:
   * `accept` for codes and alarms, `avoid` for bills. Default `avoid`.
   */
  readonly duplicates?: 'avoid' | 'accept'
  /** What the recipient may switch off or unsubscribe from. Default: the template's. */
  readonly category?: string
  /** Must arrive; see `defineTemplate`. Default: the template's. */
  readonly critical?: boolean
  /** Whose preferences, quiet hours and caps count. Default: nobody's, the address alone counts. */
  readonly userId?: string
  /** Not before: ms since 1970 or a Date, at most a year ahead. Default: now. */
  readonly sendAt?: number | Date
  /**
   * Leaves sending to a worker: the call ends as soon as the message is in the queue. Default
   * false.
   */
  readonly queued?: boolean
  /** Gives up; a request that is under way makes the message `ambiguous`. */
  readonly signal?: AbortSignal
}

/** What {@link EmailMessage} says about links and unsubscribing. */
export interface EmailTracking {
  /** Counts opens through a picture of our own. Default: the template's, else false. */
  readonly trackOpens?: boolean
  /**
   * Counts clicks through links of our own; not for links that work once. Default: the template's,
   * else false.
   */
  readonly trackClicks?: boolean
}

/** An e-mail to send. */
export interface EmailMessage<Input = unknown>
  extends EmailContent, EmailTracking, SendOptions<Input> {}

/** An SMS to send. */
export interface SmsMessage<Input = unknown> extends SmsContent, SendOptions<Input> {}

/** A push to send to one device or browser. */
export interface PushMessage<Input = unknown> extends PushContent, SendOptions<Input> {}

/** A message to one place of a chat. */
export interface ChatMessage<Input = unknown> extends ChatContent, SendOptions<Input> {}

/** A message of any template's: it is checked when it is rendered. */
export type Untyped<Message> = Omit<Message, 'template' | 'data'> & {
  readonly template?: string | NotificationTemplate
  readonly data?: unknown
}

/** The names of {@link SendOptions}. */
export const SEND_OPTIONS = [
  'template',
  'data',
  'locale',
  'provider',
  'idempotencyKey',
  'duplicates',
  'category',
  'critical',
  'userId',
  'sendAt',
  'queued',
  'signal',
] as const
