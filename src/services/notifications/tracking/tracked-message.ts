import type { MessageRecord } from './message-record.ts'

/** What is known of a message: what `trackDelivery` answers. */
export interface TrackedMessage extends Omit<MessageRecord, 'fingerprint' | 'owner' | 'events'> {
  readonly id: string
  /** What happened, oldest first; at most the latest 50. */
  readonly events: readonly Omit<MessageRecord['events'][number], 'key'>[]
}

export function trackedMessage(id: string, record: MessageRecord): TrackedMessage {
  const { fingerprint: _fingerprint, owner: _owner, events, ...shown } = record
  return { id, ...shown, events: events.map(({ key: _key, ...event }) => event) }
}
