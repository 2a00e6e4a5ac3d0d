import type { Context } from 'hono'
import type * as z from 'zod/mini'
import { isTenant } from '../access/caller.ts'
import { ProblemError } from './problem.ts'

/** What a query says, and whom it names. */
export interface ReadQuery {
  readonly query: unknown
  /** The parameter `tenant`, which every operation behind a key takes. */
  readonly tenant: string | undefined
}

/** Reads the query's parameters; one that `schema` does not know, or that is there twice, is refused. */
export function readQuery(c: Context, schema: z.ZodMiniType | undefined): ReadQuery {
  const entries = Object.entries(c.req.queries()).map(([name, values]) => {
    if (values.length > 1)
      throw new ProblemError(400, 'invalid_query', `${shown(name)}: it is there twice`)
    return [name, values[0] ?? ''] as const
  })
  const { tenant, ...rest } = Object.fromEntries(entries)
  if (tenant !== undefined && !isTenant(tenant))
    throw new ProblemError(
      400,
      'invalid_query',
      'tenant: 1 to 64 characters of A–Z a–z 0–9 _ - expected',
    )
  if (schema === undefined) {
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined)
      throw new ProblemError(400, 'invalid_query', `${shown(unknown)}: it is not known`)
    return { query: {}, tenant }
  }
  const parsed = schema.safeParse(rest)
  if (parsed.success) return { query: parsed.data, tenant }
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'query'
  const detail = `${where}: ${issue?.message ?? 'it is malformed'}`
  throw new ProblemError(400, 'invalid_query', detail.slice(0, 1000))
}

function shown(name: string): string {
  return name.slice(0, 40).toWellFormed()
}
