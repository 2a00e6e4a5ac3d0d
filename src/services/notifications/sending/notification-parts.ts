import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Gate } from '../delivery/gate.ts'
import type { InboxChannel } from '../inbox/inbox-channel.ts'
import type { Devices } from '../preferences/devices.ts'
import type { Preferences } from '../preferences/preferences.ts'
import type { NotificationQueue } from '../queue/notification-queue.ts'
import type { SuppressionList } from '../suppression/suppressions.ts'
import type { Templates } from '../templates/templates.ts'
import type { DeliveryEvent } from '../tracking/delivery-event.ts'
import type { LinkWriter } from '../tracking/link-writer.ts'
import type { MessageLog } from '../tracking/message-log.ts'
import type { WebhookReader } from '../tracking/webhook-reader.ts'
import type { createPrepare, Pools } from './prepare.ts'
import type { Sender } from './sender.ts'

/** What notifications are made of, for the code that is loaded when it is first used. */
export interface NotificationParts {
  readonly backend: Pick<Backend, 'store' | 'jobStore' | 'rateLimits' | 'waker'>
  readonly pools: Pools
  readonly sender: Sender
  readonly prepare: ReturnType<typeof createPrepare>
  readonly gate: Gate
  readonly log: MessageLog
  readonly queue: NotificationQueue
  readonly suppressions: SuppressionList
  readonly preferences: Preferences
  readonly devices: Devices
  readonly templates: () => Promise<Templates>
  readonly inbox: InboxChannel | null
  readonly links: LinkWriter | null
  readonly webhooks: Readonly<Record<string, WebhookReader>>
  readonly onEvent: ((event: DeliveryEvent) => void | Promise<void>) | null
  readonly onError: (error: unknown) => void
  readonly clock: Clock
  readonly random: RandomSource
  readonly retentionMs: number
  readonly timeoutMs: number
}
