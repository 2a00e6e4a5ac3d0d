import { Hono } from 'hono'
import { z } from 'zod'
import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { readBody } from '../read-body.ts'

const NewEvent = z.strictObject({
  type: z
    .string()
    .regex(/^[\w-]+(?:\.[\w-]+)*$/, 'Words with dots between them expected, as in order.paid')
    .max(128),
  data: z.json(),
  id: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'Up to 64 letters, digits, _ and - expected')
    .optional(),
  tenant: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
})

/** `POST /`: accepts an event with one durable write; the same `id` again is accepted once. */
export function eventRoutes(webhooks: Webhooks): Hono<{ Variables: AuthVariables }> {
  return new Hono<{ Variables: AuthVariables }>().post('/', async (c) => {
    const { type, data, id, tenant } = await readBody(c, NewEvent)
    const event = await webhooks.publish({
      type,
      data,
      ...(id !== undefined && { id }),
      ...(tenant !== undefined && { tenant }),
    })
    return c.json({ ...event, deliveries: `/v1/deliveries?event=${event.id}` }, 202)
  })
}
