import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'

/** One line of the request log, as JSON. Paths are the routes' patterns, so that ids stay out of it. */
export interface RequestRecord {
  readonly level: 'info' | 'error'
  readonly time: string
  readonly requestId: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly error?: { readonly name: string; readonly message: string }
}

/** Logs every request once it was answered, and gives the answer its `x-request-id`. */
export function requestLog(
  write: (record: RequestRecord) => void,
  now: () => number,
  newId: () => string,
): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = now()
    const requestId = newId()
    await next()
    c.header('x-request-id', requestId)
    const status = c.res.status
    write({
      level: status >= 500 ? 'error' : 'info',
      time: new Date(startedAt).toISOString(),
      requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status,
      durationMs: now() - startedAt,
      ...(status >= 500 &&
        c.error !== undefined && { error: { name: c.error.name, message: c.error.message } }),
    })
  }
}
