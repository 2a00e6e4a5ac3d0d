import type { MiddlewareHandler } from 'hono'
import type { ApiKey, ApiKeys } from './api-keys.ts'
import { ProblemError } from './problem.ts'

/** What a route can read of the caller. */
export interface AuthVariables {
  readonly apiKey: ApiKey
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="gateway"' }

/** Lets only requests with a known `Authorization: Bearer <key>` through. */
export function authenticate(keys: ApiKeys): MiddlewareHandler<{ Variables: AuthVariables }> {
  return async (c, next) => {
    const header = c.req.header('authorization') ?? ''
    const key = /^Bearer ([\w.~+/-]{1,256}=*)$/i.exec(header)?.[1]
    const apiKey = key === undefined ? null : await keys.find(key)
    if (apiKey === null) {
      const why = header === '' ? 'The request has no API key' : 'The API key is not valid'
      throw new ProblemError(401, 'unauthorized', `${why}; send "Authorization: Bearer <key>"`, {
        headers: CHALLENGE,
      })
    }
    c.set('apiKey', apiKey)
    await next()
  }
}

/** Lets only the root key through; goes after {@link authenticate}. */
export function requireRoot(): MiddlewareHandler<{ Variables: AuthVariables }> {
  return async (c, next) => {
    if (c.get('apiKey').id !== 'root')
      throw new ProblemError(403, 'forbidden', 'Only the root key may do this')
    await next()
  }
}
