import { Hono } from 'hono'
import * as z from 'zod/mini'
import type { ApiKeys } from '../api-keys.ts'
import { requireRoot, type AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { readBody } from '../read-body.ts'

const NewKey = z.strictObject({ label: z.string().check(z.minLength(1), z.maxLength(100)) })

/** Keys are made, listed and revoked with the root key alone. */
export function apiKeyRoutes(keys: ApiKeys): Hono<{ Variables: AuthVariables }> {
  return new Hono<{ Variables: AuthVariables }>()
    .use(requireRoot())
    .post('/', async (c) => c.json(await keys.create((await readBody(c, NewKey)).label), 201))
    .get('/', async (c) => c.json({ keys: await keys.list() }))
    .delete('/:id', async (c) => {
      if (!(await keys.revoke(c.req.param('id'))))
        throw new ProblemError(404, 'not_found', 'There is no such key')
      return c.body(null, 204)
    })
}
