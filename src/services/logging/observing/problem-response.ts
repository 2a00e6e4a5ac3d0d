import { isInstance, readThrown } from '../../../primitives/read-thrown.ts'
import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  499: 'Client closed request',
  500: 'Internal server error',
  503: 'Service unavailable',
}

/** What a problem document says. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryAfterMs?: number | null
}

/**
 * Answers a request with what was thrown, as `application/problem+json` (RFC 9457). Of this
 * library's errors those are told that say what is wrong with the request: they carry neither
 * secrets nor personal data. Of all else only that the log has it.
 *
 * @param requestId Stands in the answer, so that whoever reports it can be helped
 * @example
 * ```ts
 * return problemResponse(error, requestIdOf(request.headers))
 * ```
 */
export function problemResponse(error: unknown, requestId?: string): Response {
  return writeProblem(problemOf(error), requestId)
}

/** Writes a problem document. An empty detail is its title. */
export function writeProblem(
  { status, code, detail, retryAfterMs }: Problem,
  requestId: string | undefined,
): Response {
  const title = TITLES[status] ?? 'Error'
  const body = { type: 'about:blank', title, status, code, detail: detail || title, requestId }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 503 && { 'retry-after': String(Math.ceil((retryAfterMs ?? 1000) / 1000)) }),
    },
  })
}

function problemOf(error: unknown): Problem {
  const known = isInstance<InfrastructureError>(error, InfrastructureError) ? error : undefined
  if (known?.status === 503) {
    const detail = 'This cannot be served right now, try again'
    return { status: 503, code: known.code, detail, retryAfterMs: readThrown(known).retryAfterMs }
  }
  if (known !== undefined && known.status >= 400 && known.status < 500)
    return { status: known.status, code: known.code, detail: known.message }
  const detail = 'The request could not be served; the log has the reason'
  return { status: 500, code: 'internal', detail }
}

/** Whether whoever asked is gone, and what was thrown only says so. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || readThrown(error).name === 'AbortError')
}

/** For whoever has gone: nobody reads it. */
export function abortedResponse(): Response {
  return new Response(null, { status: 499 })
}
