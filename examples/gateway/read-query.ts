import type { Context } from 'hono'
import * as z from 'zod/mini'
import { ProblemError } from './problem.ts'

/** How many entries of a page are wanted: 1 to 1,000. */
export const Limit = z.pipe(
  z.pipe(z.string().check(z.regex(/^\d{1,4}$/, '1 to 1000 expected')), z.transform(Number)),
  z.number().check(z.gte(1, '1 to 1000 expected'), z.lte(1000, '1 to 1000 expected')),
)

/** Reads the query's parameters; one that `schema` does not know, or that is there twice, is refused. */
export function readQuery<Schema extends z.ZodMiniType>(
  c: Context,
  schema: Schema,
): z.output<Schema> {
  const query = Object.entries(c.req.queries()).map(([name, values]) => {
    if (values.length > 1)
      throw new ProblemError(400, 'invalid_query', `${name.slice(0, 40)}: it is there twice`)
    return [name, values[0]] as const
  })
  const parsed = schema.safeParse(Object.fromEntries(query))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'query'
  const detail = `${where}: ${issue?.message ?? 'it is malformed'}`
  throw new ProblemError(400, 'invalid_query', detail.slice(0, 1000))
}
