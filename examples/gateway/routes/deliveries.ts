import { Hono } from 'hono'
import * as z from 'zod/mini'
import { DELIVERY_STATES, type Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { Limit, readQuery } from '../read-query.ts'

const Query = z.strictObject({
  event: z.optional(z.string()),
  endpoint: z.optional(z.string()),
  tenant: z.optional(z.string()),
  state: z.optional(z.enum(DELIVERY_STATES)),
  limit: z.optional(Limit),
  cursor: z.optional(z.string()),
})

/** What became of events on their way to endpoints. */
export function deliveryRoutes({ deliveries }: Webhooks): Hono<{ Variables: AuthVariables }> {
  return new Hono<{ Variables: AuthVariables }>()
    .get('/', async (c) => {
      const { event: eventId, endpoint: endpointId, ...query } = readQuery(c, Query)
      return c.json(
        await deliveries.page({
          ...(eventId !== undefined && { eventId }),
          ...(endpointId !== undefined && { endpointId }),
          ...(query.tenant !== undefined && { tenant: query.tenant }),
          ...(query.state !== undefined && { state: query.state }),
          ...(query.limit !== undefined && { limit: query.limit }),
          ...(query.cursor !== undefined && { cursor: query.cursor }),
        }),
      )
    })
    .get('/:id', async (c) => {
      const id = c.req.param('id')
      const delivery = await deliveries.get(id)
      if (delivery === null)
        throw new ProblemError(404, 'delivery_not_found', 'There is no such delivery')
      return c.json({ ...delivery, attemptLog: await deliveries.attempts(id) })
    })
    .post('/:id/retry', async (c) => c.json(await deliveries.retry(c.req.param('id')), 202))
}
