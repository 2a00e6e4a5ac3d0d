import type { ProviderEvent } from '../providers/provider.ts'
import type { SuppressionList } from '../suppression/suppressions.ts'
import { applyEvent } from './apply-event.ts'
import type { DeliveryEvent } from './delivery-event.ts'
import type { MessageLog } from './message-log.ts'
import type { MessageEvent, MessageRecord } from './message-record.ts'

/** What {@link recordEvent} needs. */
export interface RecordEventOptions {
  readonly log: MessageLog
  readonly suppressions: SuppressionList
  readonly now: number
}

/**
 * Applies to a message what a provider or a link says of it, once; and to its recipient's standing
 * what follows from that.
 *
 * @param source Who says so
 * @param fallbackId Stands in for the event's own id where it has none
 * @returns What changed, for listeners; `null` when it was known, or no message is meant
 */
export async function recordEvent(
  event: ProviderEvent,
  source: string,
  fallbackId: string | null,
  { log, suppressions, now }: RecordEventOptions,
): Promise<DeliveryEvent | null> {
  const { messageId } = event
  if (messageId === null || !/^ntf_[\w-]{22}$/.test(messageId)) return null
  const heard = eventOf(event, source, fallbackId, now)
  const changed = await log.change(messageId, (record) => {
    if (record === null) return { result: null }
    const after = applyEvent(record, heard)
    return after === record
      ? { result: { record, isNew: false } }
      : {
          result: { record: after, isNew: true },
          record: { ...after, updatedAt: now },
        }
  })
  if (changed === null) return null
  const { record, isNew } = changed
  // Also for an event that is known: the process that recorded it may have died before it got here.
  await suppress(messageId, heard, record, suppressions)
  if (!isNew) return null
  const { key: _key, ...shown } = heard
  const { channel, status, userId, category } = record
  return { ...shown, messageId, channel, status, userId, category }
}

function eventOf(
  event: ProviderEvent,
  source: string,
  fallbackId: string | null,
  now: number,
): MessageEvent {
  const { type, recipient, at, reason, url, bounce, machine = false, eventId } = event
  const id = eventId ?? fallbackId
  // Clocks of vendors may be ahead; nothing happens later than it is heard of.
  const happened = at === null ? now : Math.min(at, now)
  const identity = id ?? `${at ?? ''}:${url ?? ''}`
  return {
    type,
    at: happened,
    source,
    recipient: cut(recipient, 320),
    reason: cut(reason, 100),
    url: cut(url, 2000),
    bounce: bounce ?? null,
    machine,
    key: `${source}:${type}:${recipient ?? ''}:${identity}`.slice(0, 600).toWellFormed(),
  }
}

/** Vendors pass on what others wrote: a store keeps it only where it is text. */
function cut(text: string | null | undefined, most: number): string | null {
  return text?.slice(0, most).toWellFormed() ?? null
}

/** What an event says of an address counts for every provider. */
async function suppress(
  messageId: string,
  event: MessageEvent,
  { channel, recipients, category }: MessageRecord,
  suppressions: SuppressionList,
): Promise<void> {
  if (channel !== 'email' && channel !== 'sms') return
  // Only an address that the message went to: whoever can send events must not suppress others.
  const address = recipients
    .map((recipient) => recipient.address)
    .find(
      (each, _, all) =>
        each.toLowerCase() === event.recipient?.toLowerCase() ||
        (event.recipient === null && all.length === 1),
    )
  if (address === undefined) return
  if (event.type === 'complained') await suppressions.add({ channel, address, reason: 'complaint' })
  else if (event.type === 'bounced' && event.bounce === 'hard')
    await suppressions.add({ channel, address, reason: 'bounce' })
  else if (event.type === 'bounced')
    await suppressions.softBounce(channel, address, `${messageId}:${event.key}`.slice(0, 200))
  else if (event.type === 'unsubscribed')
    await suppressions.add({
      channel,
      address,
      reason: 'unsubscribe',
      ...(category !== null && { category }),
    })
}
