import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { OutgoingChat } from '../channels/chat-message.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import type { OutgoingPush, PushTarget } from '../channels/push-message.ts'
import type { OutgoingSms } from '../channels/sms-message.ts'

/**
 * Hands messages of one kind to one vendor, one request each. The laws are in
 * `provider.conformance.ts`.
 */
export interface Provider<Message> {
  /** Names it in results, records, rate limits and breakers: `sendgrid`. */
  readonly name: string
  /**
   * Whether the vendor drops a second request with the same id of ours, so that one whose answer
   * was lost can be made again. Default false.
   */
  readonly idempotent?: boolean
  /**
   * Hands the message over. It is not tried again in here.
   *
   * @returns When the vendor has taken it
   * @throws NotificationError with a code that says whether the vendor took it, may have, or did
   *   not
   */
  send(message: Message, context: ProviderContext): Promise<ProviderReceipt>
  /**
   * Turns a verified webhook of the vendor into what it says of messages. What it does not know, it
   * leaves out; it never throws over the vendor's data.
   *
   * @param url Where the webhook was sent to
   */
  readEvents?(event: unknown, url: URL): readonly ProviderEvent[]
}

/** Under which name vendors keep our id of a message, and send it back. */
export const MESSAGE_ID_FIELD = 'reuse_id'

/** Sends e-mail. */
export interface EmailProvider extends Provider<OutgoingEmail> {
  readonly limits: EmailLimits
  /**
   * Hands over several messages in one request; `results` stand in their order, and a message that
   * was refused has its error there.
   *
   * @throws NotificationError about all of them
   */
  readonly batch?: {
    /** Most messages in one request. */
    readonly size: number
    send(
      messages: readonly OutgoingEmail[],
      context: ProviderContext,
    ): Promise<readonly (ProviderReceipt | Error)[]>
  }
}

/** What a provider of e-mail takes; a message beyond it goes to another. */
export interface EmailLimits {
  /** Bytes of texts and files together, before they are encoded. */
  readonly bytes: number
  /** Recipients in all. */
  readonly recipients: number
  /** Whether the part before the `@` may hold characters beyond ASCII. */
  readonly unicodeAddresses?: boolean
}

/** Sends SMS. */
export interface SmsProvider extends Provider<OutgoingSms> {}

/** Sends pushes to devices or browsers. */
export interface PushProvider extends Provider<OutgoingPush> {
  /** Whether it sends to this kind of target; whether the target exists, the vendor says. */
  takes(target: PushTarget): boolean
}

/** Writes into one place of a chat. */
export interface ChatProvider extends Provider<OutgoingChat> {}

/** What a provider works with. */
export interface ProviderContext {
  readonly fetch: FetchClient
  readonly clock: Clock
  readonly random: RandomSource
  /** Aborts when the time for the request is over. */
  readonly signal: AbortSignal
  readonly tokens: TokenCache
}

/** Keeps tokens that vendors want made rarely, for all isolates together. */
export interface TokenCache {
  /**
   * @param name Of the token, the same wherever the same token is meant
   * @param secret What the token is made from. It is kept sealed with that, so that the store alone
   *   does not give it away
   * @param make Makes a token anew
   * @returns One that is good for now: one that was made before, here or elsewhere, or a new one
   */
  get(name: string, secret: string, make: () => Promise<MadeToken>): Promise<string>
  /** Forgets a token that the vendor no longer takes. */
  drop(name: string, token: string): Promise<void>
}

/** A new token, and for how long it is to be used. */
export interface MadeToken {
  readonly token: string
  readonly useForMs: number
}

/** That a vendor has taken a message. */
export interface ProviderReceipt {
  /** The vendor's id of the message; `null` where it gives none. */
  readonly providerMessageId: string | null
  /** The message was only kept: nothing will arrive anywhere. */
  readonly kept?: boolean
}

/** What a vendor's webhook says of a message. */
export interface ProviderEvent {
  readonly type: ProviderEventType
  /** Our id of the message, as the vendor sends it back; `null` when it is not there. */
  readonly messageId: string | null
  readonly providerMessageId: string | null
  /** Whom it is about, where a message has several recipients. */
  readonly recipient: string | null
  /** When it happened, ms since 1970; `null` when the vendor does not say. */
  readonly at: number | null
  /** The vendor's id of the event, the same when it is sent again; `null` when there is none. */
  readonly eventId: string | null
  /**
   * For `bounced`: `hard` when the address does not exist, `soft` when it may work later. For
   * `unsubscribed`: from which category, where the vendor says.
   */
  readonly bounce?: 'hard' | 'soft'
  /** The vendor's code, as `5.1.1` or `30006`. */
  readonly reason?: string
  /** For `clicked`: where the link leads. */
  readonly url?: string
  /** For `opened`: a program opened it, as mail clients do to hide their users. */
  readonly machine?: boolean
}

/** What can happen to a message after it was sent. */
export type ProviderEventType =
  | 'sent'
  | 'deferred'
  | 'delivered'
  | 'opened'
  | 'clicked'
  | 'unsubscribed'
  | 'failed'
  | 'bounced'
  | 'complained'
