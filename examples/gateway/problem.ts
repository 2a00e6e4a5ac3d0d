import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

/** What went wrong, in the form of RFC 9457. `code` is stable; `detail` is for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: 400 | 401 | 403 | 404 | 413 | 415 | 422
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
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal server error',
  503: 'Service unavailable',
}

/** The library's errors that are meant for the caller: their messages hold neither secrets nor personal data. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  invalid_endpoint: 422,
  invalid_event: 422,
  url_blocked: 422,
  endpoint_not_found: 404,
  delivery_not_found: 404,
  endpoint_disabled: 409,
  endpoint_unverified: 409,
  too_many_endpoints: 409,
  event_id_reused: 409,
  contended: 503,
  backend_unavailable: 503,
  backend_overloaded: 503,
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

/** Turns whatever a route threw into a problem document. What is not meant for the caller is only logged. */
export function problemOf(error: unknown, c: Context): Response {
  if (error instanceof ProblemError) {
    return problem(c, error.status, error.code, error.message, error.headers)
  }
  if (error instanceof HTTPException) {
    return problem(c, error.status, 'http', error.message || (TITLES[error.status] ?? 'Error'))
  }
  const code = codeOf(error)
  const status = code === null ? undefined : STATUS_OF_CODE[code]
  if (code !== null && status === 503) {
    return problem(c, 503, code, 'The backend cannot serve this right now, try again', {
      'retry-after': '1',
    })
  }
  if (code !== null && status !== undefined && error instanceof Error)
    return problem(c, status, code, error.message)
  return problem(c, 500, 'internal', 'The request could not be served; the log has the reason')
}

function codeOf(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : null
}
