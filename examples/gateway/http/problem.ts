import { observationOf } from '@white-cross/reuse/infrastructure/logging'
import { InfrastructureError } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { OpenError } from './open-error.ts'

type Headers = Readonly<Record<string, string>>

/** What went wrong, in the form of RFC 9457. `code` is stable; `detail` is for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 426 | 429 | 503
  readonly code: string
  readonly headers: Headers

  constructor(
    status: ProblemError['status'],
    code: string,
    detail: string,
    options: ErrorOptions & { readonly headers?: Headers } = {},
  ) {
    super(detail, options)
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  402: 'Payment required',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  426: 'Upgrade required',
  429: 'Too many requests',
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Gateway timeout',
}

/** Answers a request with a problem document. */
export function problem(
  c: Context,
  status: number,
  code: string,
  detail: string,
  headers: Headers = {},
): Response {
  const requestId = observationOf(c.req.raw)?.requestId
  const body = {
    ...{ type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail },
    ...(requestId !== undefined && { requestId }),
  }
  return c.newResponse(
    JSON.stringify(body),
    new Response(null, {
      status,
      headers: { ...headers, 'content-type': 'application/problem+json' },
    }),
  )
}

/**
 * Turns whatever a route threw into a problem document. Of the library's errors those are meant for
 * the caller that say what is wrong with the request: their messages hold neither secrets nor
 * personal data. What else went wrong is only logged.
 */
export function problemOf(error: unknown, c: Context): Response {
  if (error instanceof ProblemError)
    return problem(c, error.status, error.code, error.message, error.headers)
  if (error instanceof OpenError) {
    const { status, code, message } = error.cause
    return problem(c, status, code, message, retryAfterOf(error.cause))
  }
  if (error instanceof HTTPException)
    return problem(c, error.status, 'http', error.message || (TITLES[error.status] ?? 'Error'))
  const known: InfrastructureError | null = error instanceof InfrastructureError ? error : null
  if (known?.status === 503)
    return problem(c, 503, known.code, 'The backend cannot serve this right now, try again', {
      'retry-after': '1',
    })
  if (known !== null && known.status < 500)
    return problem(c, known.status, known.code, known.message, retryAfterOf(known))
  return problem(c, 500, 'internal', 'The request could not be served; the log has the reason')
}

/** When to try again, where an error says so. */
function retryAfterOf(error: object): Headers {
  return 'retryAfterMs' in error && typeof error.retryAfterMs === 'number'
    ? { 'retry-after': String(Math.max(Math.ceil(error.retryAfterMs / 1000), 1)) }
    : {}
}
