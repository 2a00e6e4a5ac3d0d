import type { Context } from 'hono'
import type { ZodType } from 'zod'
import { ProblemError } from './problem.ts'

/** Reads a JSON body that fits `schema`; the body limit stands before it. */
export async function readBody<Output>(c: Context, schema: ZodType<Output>): Promise<Output> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new ProblemError(415, 'unsupported_media_type', 'The body must be application/json')
  }
  let json: unknown
  try {
    json = JSON.parse(await c.req.text())
  } catch {
    throw new ProblemError(400, 'malformed_json', 'The body is not JSON')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new ProblemError(422, 'invalid_body', issues.join('; '))
}
