import type { Duration } from '../../../primitives/duration.ts'
import type { SendResult } from '../delivery/delivery.ts'
import type { ChatMessage, EmailMessage, PushMessage, SmsMessage, Untyped } from './messages.ts'

/** One message of many, with its channel. */
export type BulkMessage =
  | (Untyped<EmailMessage> & { readonly channel: 'email' })
  | (Untyped<SmsMessage> & { readonly channel: 'sms' })
  | (Untyped<PushMessage> & { readonly channel: 'push' })
  | (Untyped<ChatMessage> & { readonly channel: 'chat' })

/** How many messages are sent. */
export interface BulkOptions {
  /** Messages that are on their way at once, 1 to 1,000. Default 32. */
  readonly concurrency?: number
  /** Most messages in a window, by this call. Default: as fast as it goes. */
  readonly rateLimit?: { readonly limit: number; readonly window: Duration }
  /**
   * Sends up to so many e-mails in one request, where their provider takes that. One request whose
   * answer is lost makes all of them `ambiguous`. 1 to 500. Default 1.
   */
  readonly batchSize?: number
  /** Hears how far it is, after each message. */
  readonly onProgress?: (progress: BulkProgress) => void
  /** Sends no more messages; those on their way end. */
  readonly signal?: AbortSignal
}

/** How far a bulk is. */
export interface BulkProgress {
  readonly done: number
  /** Of them: taken by a provider, or queued. */
  readonly accepted: number
  readonly failed: number
}

/** What became of one message, in the order in which they end. */
export type BulkResult =
  | (SendResult & { readonly index: number })
  /** `error`: a NotificationError, or what the store threw. */
  | { readonly index: number; readonly status: 'failed'; readonly error: Error }
