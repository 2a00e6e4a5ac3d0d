import { encodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { EmitOperationalEvent, OperationalEvent } from '../events/operational-event.ts'
import type { WebhookEvent } from '../events/webhook-event.ts'

/** What {@link createOperationalEmitter} is given. */
export interface OperationalEmitterOptions {
  readonly tenant: string | undefined
  readonly listener: ((event: OperationalEvent) => void) | undefined
  readonly publish: (event: WebhookEvent) => Promise<unknown>
}

/** Tells the listener in this process, and publishes to the operational tenant's endpoints. */
export function createOperationalEmitter({
  tenant,
  listener,
  publish,
}: OperationalEmitterOptions): EmitOperationalEvent {
  return async (id, event) => {
    try {
      listener?.(event)
    } catch {
      // A listener that throws must not keep a delivery from being settled.
    }
    // What happens to operational events themselves is not announced, or a dead operational
    // endpoint would never rest.
    if (tenant === undefined || event.data.tenant === tenant) return
    const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(id))
    const eventId = `op_${encodeHex(new Uint8Array(digest).subarray(0, 16))}`
    await publish({ tenant, id: eventId, type: event.type, data: event.data })
  }
}
