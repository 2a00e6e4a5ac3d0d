import { Hono } from 'hono'
import { z } from 'zod'
import { DELIVERY_STATES, type Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'

const Query = z.strictObject({
  event: z.string().max(200).optional(),
  endpoint: z.string().max(200).optional(),
  tenant: z.string().max(64).optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  cursor: z.string().max(2000).optional(),
})

/** What became of events on their way to endpoints. */
export function deliveryRoutes({ deliveries }: Webhooks): Hono<{ Variables: AuthVariables }> {
  return new Hono<{ Variables: AuthVariables }>()
    .get('/', async (c) => {
      const query = Query.safeParse(c.req.query())
      if (!query.success)
        throw new ProblemError(
          400,
          'invalid_query',
          query.error.issues[0]?.message ?? 'The query is malformed',
        )
      const { event: eventId, endpoint: endpointId, tenant, state, limit, cursor } = query.data
      return c.json(
        await deliveries.page({
          ...(eventId !== undefined && { eventId }),
          ...(endpointId !== undefined && { endpointId }),
          ...(tenant !== undefined && { tenant }),
          ...(state !== undefined && { state }),
          ...(limit !== undefined && { limit }),
          ...(cursor !== undefined && { cursor }),
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
