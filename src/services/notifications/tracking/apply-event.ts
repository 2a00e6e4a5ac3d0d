import type { MessageEvent, MessageRecord, MessageStatus } from './message-record.ts'
import { MESSAGE_STATUSES } from './message-record.ts'

/** Events that are kept; what is older than these has still moved the status. */
const MOST_EVENTS = 50

/**
 * What an event makes of a message. Statuses have an order, and only go up: an event that comes
 * late, twice or out of order never takes one back.
 *
 * @returns The same record when the event is known already
 */
export function applyEvent(record: MessageRecord, event: MessageEvent): MessageRecord {
  if (record.events.some(({ key }) => key === event.key)) return record
  const moved = statusOf(event)
  const recipients =
    moved === null
      ? record.recipients
      : record.recipients.map((recipient) =>
          concerns(event, recipient.address, record)
            ? { ...recipient, status: later(recipient.status, moved) }
            : recipient,
        )
  const isDelivered = event.type === 'delivered'
  return {
    ...record,
    recipients,
    status: moved === null ? record.status : later(record.status, moved),
    events: [...record.events, event].toSorted((a, b) => a.at - b.at).slice(-MOST_EVENTS),
    deliveredAt: isDelivered
      ? Math.min(record.deliveredAt ?? event.at, event.at)
      : record.deliveredAt,
    // Whoever reports on it has taken it, though its answer may have been lost.
    sentAt: record.sentAt ?? event.at,
  }
}

/** The status further along of two. */
export function later(a: MessageStatus, b: MessageStatus): MessageStatus {
  return MESSAGE_STATUSES.indexOf(a) >= MESSAGE_STATUSES.indexOf(b) ? a : b
}

/** What an event means for the status; `null` for nothing. */
function statusOf({ type, machine }: MessageEvent): MessageStatus | null {
  // A program that loads pictures or follows links ahead has the mail; nobody has looked at it.
  if (machine && (type === 'opened' || type === 'clicked')) return 'delivered'
  return type === 'unsubscribed' ? null : type
}

function concerns(event: MessageEvent, address: string, { recipients }: MessageRecord): boolean {
  if (recipients.length === 1 || event.recipient === null) return true
  return address.toLowerCase() === event.recipient.toLowerCase()
}
