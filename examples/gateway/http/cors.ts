import type { MiddlewareHandler } from 'hono'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const TAKEN =
  'authorization, content-type, idempotency-key, if-match, if-none-match, range, tus-resumable, ' +
  'upload-length, upload-metadata, upload-offset, x-request-id, traceparent, ' +
  'mcp-protocol-version, mcp-method, mcp-name'
const SHOWN =
  'content-range, etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, ' +
  'tus-resumable, upload-offset, upload-length, x-request-id'

/**
 * Lets pages of these origins call the API; of others none. Credentials are never a browser's own:
 * whoever calls sends a token.
 *
 * @param origins As `https://app.example`, or `*` alone for all
 * @throws RangeError when one is no origin
 */
export function cors(origins: readonly string[]): MiddlewareHandler {
  for (const origin of origins)
    if (origin !== '*' && URL.parse(origin)?.origin !== origin)
      throw new RangeError('Cannot start gateway: CORS_ORIGINS has something that is no origin')
  const all = origins.includes('*')
  return async (c, next) => {
    const origin = c.req.header('origin')
    const isAllowed = origin !== undefined && (all || origins.includes(origin))
    const isPreflight =
      c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
    if (isPreflight) {
      const answer = new Response(null, { status: 204, headers: { vary: 'origin' } })
      if (isAllowed) {
        answer.headers.set('access-control-allow-origin', all ? '*' : origin)
        answer.headers.set('access-control-allow-methods', METHODS)
        answer.headers.set('access-control-allow-headers', TAKEN)
        answer.headers.set('access-control-max-age', '600')
      }
      return answer
    }
    await next()
    const { headers } = c.res
    headers.append('vary', 'origin')
    if (!isAllowed) return undefined
    headers.set('access-control-allow-origin', all ? '*' : origin)
    headers.set('access-control-expose-headers', SHOWN)
    headers.set('cross-origin-resource-policy', 'cross-origin')
    return undefined
  }
}
