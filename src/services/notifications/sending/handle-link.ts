import { NotificationError } from '../notification-error.ts'
import type { ProviderEvent } from '../providers/provider.ts'
import { recordEvent } from '../tracking/record-event.ts'
import type { NotificationParts } from './notification-parts.ts'
import { tellListener } from './tell-listener.ts'

/**
 * Answers a request to a link of our own. A click is answered also when it cannot be recorded: its
 * reader is on the way. Unsubscribing is answered once it is kept.
 */
export async function handleLink(parts: NotificationParts, request: Request): Promise<Response> {
  const { links, onError } = parts
  if (links === null)
    throw new NotificationError(
      'invalid_request',
      'Cannot handle link: there are none, createNotifications({ links: createLinks({…}) }) expected',
    )
  const visit = await links.read(request)
  if (visit === null) return new Response(null, { status: 404 })
  if (visit.kind === 'page') return visit.answer
  if (visit.kind === 'unsubscribe') {
    const { address, category, messageId } = visit
    await parts.suppressions.add({
      address,
      reason: 'unsubscribe',
      ...(category !== null && { category }),
    })
    await record(parts, { type: 'unsubscribed', messageId, recipient: address }).catch(onError)
    return visit.answer
  }
  const event =
    visit.kind === 'click'
      ? ({ type: 'clicked', messageId: visit.messageId, url: visit.url } as const)
      : ({ type: 'opened', messageId: visit.messageId } as const)
  await record(parts, event).catch(onError)
  return visit.answer
}

async function record(
  parts: NotificationParts,
  event: Pick<ProviderEvent, 'type' | 'messageId'> &
    Partial<Pick<ProviderEvent, 'url' | 'recipient'>>,
): Promise<void> {
  const { log, suppressions, clock } = parts
  // Opening again is the same event; each link counts once.
  const eventId = `link:${event.url ?? ''}`
  const whole = { providerMessageId: null, recipient: null, at: null, ...event, eventId }
  const changed = await recordEvent(whole, 'link', null, { log, suppressions, now: clock.now() })
  if (changed !== null) await tellListener(parts, changed)
}
