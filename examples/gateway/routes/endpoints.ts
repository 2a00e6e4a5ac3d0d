import { Hono } from 'hono'
import * as z from 'zod/mini'
import type {
  ContentFilter,
  EndpointRateLimit,
  Webhooks,
} from '@white-cross/reuse/infrastructure/webhooks'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { readBody } from '../read-body.ts'
import { Limit, readQuery } from '../read-query.ts'

/** The shapes; what the values may be is the service's to say. */
const settings = {
  url: z.optional(z.string()),
  description: z.optional(z.string()),
  events: z.optional(z.array(z.string())),
  filter: z.optional(z.nullable(plainObject<ContentFilter>())),
  // A record would drop a header named __proto__ without a word.
  headers: z.optional(plainObject<Readonly<Record<string, string>>>()),
  rateLimit: z.optional(
    z.nullable(
      z.strictObject({ limit: z.number(), window: z.custom<EndpointRateLimit['window']>() }),
    ),
  ),
}

const Settings = z.strictObject(settings)

const NewEndpoint = z.strictObject({
  ...settings,
  url: z.string(),
  tenant: z.optional(z.string()),
  uid: z.optional(z.string()),
  signature: z.optional(z.enum(['v1', 'v1a'])),
})

const Query = z.strictObject({
  tenant: z.optional(z.string()),
  limit: z.optional(Limit),
  cursor: z.optional(z.string()),
})

/** Where webhooks go. */
export function endpointRoutes(webhooks: Webhooks): Hono<{ Variables: AuthVariables }> {
  const { endpoints } = webhooks
  return new Hono<{ Variables: AuthVariables }>()
    .post('/', async (c) => {
      const endpoint = await endpoints.create(withoutUndefined(await readBody(c, NewEndpoint)))
      // Without a secret it is the one that had this uid before.
      return c.json(endpoint, endpoint.secret === null ? 200 : 201)
    })
    .get('/', async (c) => {
      return c.json(await endpoints.page(withoutUndefined(readQuery(c, Query))))
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

function plainObject<Value>(): z.ZodMiniType<Value> {
  return z.custom<Value>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'an object expected',
  )
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
