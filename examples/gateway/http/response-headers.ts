import type { MiddlewareHandler } from 'hono'

/** What keeps a browser from doing more with an answer than it should; a route may say otherwise. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
}

/** Sets {@link HEADERS} on every answer that does not have them. */
export function responseHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next()
    const { headers } = c.res
    for (const [name, value] of Object.entries(HEADERS))
      if (!headers.has(name)) headers.set(name, value)
  }
}
