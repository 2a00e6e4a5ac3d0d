import { InfrastructureError } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

/** What went wrong, in the form of RFC 9457. `code` is stable; `detail` is for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: 400 | 401 | 403 | 404 | 408 | 413 | 415 | 422
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ProblemError['status'],
    code: string,
    detail: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
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
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service unavailable',
}

/** Answers a request with a problem document. */
export function problem(
  c: Context,
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail }
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
  if (error instanceof HTTPException)
    return problem(c, error.status, 'http', error.message || (TITLES[error.status] ?? 'Error'))
  const known: InfrastructureError | null = error instanceof InfrastructureError ? error : null
  if (known?.status === 503)
    return problem(c, 503, known.code, 'The backend cannot serve this right now, try again', {
      'retry-after': '1',
    })
  if (known !== null && known.status < 500)
    return problem(c, known.status, known.code, known.message)
  return problem(c, 500, 'internal', 'The request could not be served; the log has the reason')
}
