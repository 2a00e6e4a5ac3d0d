import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import * as api from '../../contract/deliveries.ts'
import { route, type Route } from '../../http/route.ts'

/** Accepts an event with one durable write; the same `id` again is accepted once. */
export function eventRoutes(webhooks: Webhooks): readonly Route[] {
  return [
    route(api.publishEvent, async ({ body, members, tenant }) => {
      const event = await webhooks.publish({
        type: body.type,
        // As the caller wrote it; the body was read, so it is there.
        json: members.get('data') ?? '',
        tenant,
        ...(body.id !== undefined && { id: body.id }),
      })
      return { status: 202, body: { ...event, deliveries: `/v1/deliveries?event=${event.id}` } }
    }),
  ]
}
