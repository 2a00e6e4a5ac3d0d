import type { DeliveryEvent } from '../tracking/delivery-event.ts'
import type { NotificationParts } from './notification-parts.ts'

/** A listener that throws changes nothing: the event is recorded. */
export async function tellListener(
  { onEvent, onError }: NotificationParts,
  event: DeliveryEvent,
): Promise<void> {
  try {
    await onEvent?.(event)
  } catch (error) {
    onError(error)
  }
}
