import type { Channel } from '../channels/channel.ts'
import type { MessageEvent, MessageStatus } from './message-record.ts'

/** Something that happened to a message after it was sent, as listeners hear it. */
export interface DeliveryEvent extends Omit<MessageEvent, 'key'> {
  /** Our id of the message. */
  readonly messageId: string
  readonly channel: Channel
  /** Where the message stands now. */
  readonly status: MessageStatus
  readonly userId: string | null
  readonly category: string | null
}
