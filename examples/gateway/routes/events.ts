import { Hono } from 'hono'
import * as z from 'zod/mini'
import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { readJsonBody } from '../read-body.ts'

/** The shapes; what the values may be is the service's to say. */
const NewEvent = z.strictObject({
  type: z.string(),
  data: z.unknown(),
  id: z.optional(z.string()),
  tenant: z.optional(z.string()),
})

/**
 * `POST /`: accepts an event with one durable write; the same `id` again is accepted once. Its data
 * is sent as the caller wrote it, byte for byte.
 */
export function eventRoutes(webhooks: Webhooks): Hono<{ Variables: AuthVariables }> {
  return new Hono<{ Variables: AuthVariables }>().post('/', async (c) => {
    const { value, members } = await readJsonBody(c, NewEvent)
    const { type, id, tenant } = value
    const event = await webhooks.publish({
      type,
      // The schema has seen that it is there.
      json: members.get('data') ?? '',
      ...(id !== undefined && { id }),
      ...(tenant !== undefined && { tenant }),
    })
    return c.json({ ...event, deliveries: `/v1/deliveries?event=${event.id}` }, 202)
  })
}
