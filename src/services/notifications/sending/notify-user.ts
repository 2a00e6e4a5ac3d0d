import type { Duration } from '../../../primitives/duration.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'
import type { Channel } from '../channels/channel.ts'
import type { PushTarget } from '../channels/push-message.ts'
import type { SendResult } from '../delivery/delivery.ts'
import type { NotificationErrorCode } from '../notification-error.ts'

/** Whom {@link NotifyOptions} are about, and how they are reached. */
export interface NotifyUser {
  /** Whose preferences, devices and inbox count: 1 to 256 bytes. */
  readonly id: string
  readonly email?: MailboxInput
  /** With its country. */
  readonly phone?: string
  /** Default: those that `devices.add` registered. */
  readonly devices?: readonly PushTarget[]
  /** A place that `createNotifications({ chat })` has. */
  readonly chat?: string
  /** Default: that of the user's preferences. */
  readonly locale?: string
}

/** How a user is told. */
export interface NotifyOptions {
  /**
   * Which channels, in this order. Default: those of the user's preferences, then those that the
   * template is for.
   */
  readonly channels?: readonly Channel[]
  /**
   * `first`: the first channel on which it succeeds. `all`: every channel. `escalate`: the first,
   * and the next when it has not got as far as `until` after `after`. Default `first`.
   */
  readonly mode?: 'first' | 'all' | 'escalate'
  /** 1 s to 30 days. Default 10 min. */
  readonly after?: Duration
  /** Default `opened`; an inbox's item is opened when it was read. */
  readonly until?: 'sent' | 'delivered' | 'opened'
  /** Tells it once, however often it is asked for under this key. */
  readonly idempotencyKey?: string
  readonly duplicates?: 'avoid' | 'accept'
  /** Default: the template's. */
  readonly category?: string
  readonly critical?: boolean
  readonly sendAt?: number | Date
  readonly queued?: boolean
  /**
   * Collects what comes within a time and tells it together: the template gets `{ items, count }`.
   */
  readonly digest?: {
    /** Tells digests of one user apart. Default: the template's name. */
    readonly key?: string
    /** From the first on, 1 s to 30 days. */
    readonly window: Duration
    /** Data kept of so many, 1 to 500; `count` counts all. Default 100. */
    readonly most?: number
  }
}

/** What became of telling a user. */
export interface NotifyResult {
  /** The same for the same idempotency key. */
  readonly id: string
  /** `sent`: on one channel at least. `queued`: later. `none`: on no channel. */
  readonly status: 'sent' | 'queued' | 'none'
  /** What became of it on each channel that was tried, and on each device. */
  readonly results: readonly ChannelResult[]
  /** When it is told, ms since 1970; `null` where it was now. */
  readonly sendAt: number | null
}

/** What became of it on one channel. */
export type ChannelResult =
  | (SendResult & { readonly channel: Channel; readonly deviceId?: string })
  | {
      readonly channel: Channel
      readonly deviceId?: string
      readonly status: 'failed'
      readonly error: { readonly code: NotificationErrorCode; readonly message: string }
    }
