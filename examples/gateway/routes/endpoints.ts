import { Hono } from 'hono'
import { z } from 'zod'
import type { ContentFilter, Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { readBody } from '../read-body.ts'

/** The shapes; what the values may be is the service's to say. */
const Settings = z.strictObject({
  url: z.string().optional(),
  description: z.string().optional(),
  events: z.array(z.string()).optional(),
  filter: z
    .custom<ContentFilter>((value) => typeof value === 'object' && !Array.isArray(value))
    .nullable()
    .optional(),
  headers: z.record(z.string(), z.string()).optional(),
  rateLimit: z.strictObject({ limit: z.number(), windowMs: z.number() }).nullable().optional(),
})

const NewEndpoint = Settings.extend({
  url: z.string(),
  tenant: z.string().optional(),
  signature: z.enum(['v1', 'v1a']).optional(),
})

/** Where webhooks go. */
export function endpointRoutes(webhooks: Webhooks): Hono<{ Variables: AuthVariables }> {
  const { endpoints } = webhooks
  return new Hono<{ Variables: AuthVariables }>()
    .post('/', async (c) =>
      c.json(await endpoints.create(withoutUndefined(await readBody(c, NewEndpoint))), 201),
    )
    .get('/', async (c) => {
      const { tenant, cursor } = c.req.query()
      return c.json(await endpoints.page(withoutUndefined({ tenant, cursor })))
    })
    .get('/:id', async (c) => {
      const endpoint = await endpoints.get(c.req.param('id'))
      if (endpoint === null) throw notFound()
      return c.json(endpoint)
    })
    .patch('/:id', async (c) =>
      c.json(
        await endpoints.update(c.req.param('id'), withoutUndefined(await readBody(c, Settings))),
      ),
    )
    .delete('/:id', async (c) => {
      if (!(await endpoints.delete(c.req.param('id')))) throw notFound()
      return c.body(null, 204)
    })
    .post('/:id/enable', async (c) => c.json(await endpoints.enable(c.req.param('id'))))
    .post('/:id/disable', async (c) => c.json(await endpoints.disable(c.req.param('id'))))
    .post('/:id/rotate-secret', async (c) =>
      c.json(await endpoints.rotateSecret(c.req.param('id'))),
    )
    .get('/:id/stats', async (c) => c.json(await webhooks.deliveries.stats(c.req.param('id'))))
}

type Defined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>
}

/** zod says `undefined` where the service's options say absent. */
function withoutUndefined<T extends object>(given: T): Defined<T> {
  // Exactly the properties that are not undefined are left.
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}

function notFound(): ProblemError {
  return new ProblemError(404, 'endpoint_not_found', 'There is no such endpoint')
}
