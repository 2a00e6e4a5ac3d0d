import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { Channel } from '../channels/channel.ts'
import type { NotificationErrorCode } from '../notification-error.ts'
import type { ProviderEventType } from '../providers/provider.ts'

/** Where a message stands. */
export const MESSAGE_STATUSES = [
  /** Accepted, and waiting for its time or its turn. */
  'queued',
  /** On its way to a provider right now. */
  'sending',
  /** It may have been sent: the answer was lost. */
  'ambiguous',
  /** A provider has taken it. */
  'sent',
  /** The provider goes on trying. */
  'deferred',
  'delivered',
  'opened',
  'clicked',
  /** Taken back before it was sent. */
  'cancelled',
  /** Not sent: the recipient does not want it, or had enough for now. */
  'skipped',
  /** Not sent: nothing is sent to this address. */
  'suppressed',
  'failed',
  'bounced',
  'complained',
] as const

/** Where a message stands. */
export type MessageStatus = (typeof MESSAGE_STATUSES)[number]

/** Everything that is kept of a message. What it said is not. */
export interface MessageRecord {
  readonly channel: Channel
  readonly status: MessageStatus
  /** Whom it went to; none for pushes, whose targets are secrets. */
  readonly recipients: readonly MessageRecipient[]
  readonly provider: string | null
  readonly providerMessageId: string | null
  /** Only kept by an outbox. */
  readonly kept: boolean
  readonly template: string | null
  readonly category: string | null
  readonly userId: string | null
  /** Why it was not sent. */
  readonly reason: string | null
  readonly error: MessageFailure | null
  /** The requests that were made, the latest last. */
  readonly attempts: readonly MessageAttempt[]
  /** What happened, as providers and links reported it, the latest last. */
  readonly events: readonly MessageEvent[]
  readonly createdAt: number
  readonly updatedAt: number
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  /** When it is to be sent, of one that waits. */
  readonly sendAt: number | null
  /** Of what was asked for under its idempotency key. */
  readonly fingerprint: string | null
  /** Who is sending it. */
  readonly owner: string
}

/** One of those that a message went to. */
export interface MessageRecipient {
  readonly address: string
  readonly status: MessageStatus
}

/** Why a message was not sent. */
export interface MessageFailure {
  readonly code: NotificationErrorCode
  readonly provider: string | null
  readonly vendorCode: string | null
}

/** One request to a provider. */
export interface MessageAttempt {
  readonly provider: string
  /** ms since 1970 */
  readonly at: number
  /** How it failed; `null` while it runs, and when it did not. */
  readonly code: NotificationErrorCode | null
  /** It was one of several in one request. */
  readonly batch?: boolean
}

/** Something that happened to a message after it was sent. */
export interface MessageEvent {
  readonly type: ProviderEventType
  /** ms since 1970: when it happened, or when it was heard of. */
  readonly at: number
  /** Who says so: a provider's name, or `link`. */
  readonly source: string
  readonly recipient: string | null
  readonly reason: string | null
  readonly url: string | null
  readonly bounce: 'hard' | 'soft' | null
  readonly machine: boolean
  /** The same for an event that is reported again. */
  readonly key: string
}

/** @returns The record, or `null` for what is none */
export function readMessage(entry: StoreEntry | null): MessageRecord | null {
  // What this service wrote; a newer version may have added to it.
  return entry !== null && isJsonObject(entry.value) && 'channel' in entry.value
    ? (entry.value as unknown as MessageRecord)
    : null
}

export function messageJson(record: MessageRecord): Json {
  // A record is made of texts, numbers, truth values, `null`, lists and plain objects.
  return record as unknown as Json
}
