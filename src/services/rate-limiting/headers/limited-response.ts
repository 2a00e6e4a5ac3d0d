import type { RateLimitOutcome } from '../deciding/outcome.ts'

const TYPES = 'https://iana.org/assignments/http-problem-types#'

/**
 * The answer to a request that was denied: problem details (RFC 9457), never with a key in them.
 */
export function limitedResponse(
  outcome: RateLimitOutcome,
  headers: Readonly<Record<string, string>>,
): Response {
  // That our own store fails is not the client's doing.
  if (outcome.decidedBy === 'failure')
    return problemResponse(headers, {
      type: `${TYPES}temporary-reduced-capacity`,
      title: 'Request cannot be satisfied because of temporarily reduced capacity',
      status: 503,
    })
  return problemResponse(headers, {
    type: `${TYPES}quota-exceeded`,
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    status: 429,
    'violated-policies': outcome.limits.filter(({ allowed }) => !allowed).map(({ name }) => name),
  })
}

/** The answer to a request that was refused before any limit was asked. */
export function refusal(
  reason: string | null,
  headers: Readonly<Record<string, string>>,
): Response {
  switch (reason) {
    case 'banned':
      return problemResponse(headers, {
        type: `${TYPES}abnormal-usage-detected`,
        title: 'Request cannot be satisfied because of abnormal usage',
        status: 429,
      })
    case 'shed':
      return problemResponse(headers, {
        type: `${TYPES}temporary-reduced-capacity`,
        title: 'Request cannot be satisfied because of temporarily reduced capacity',
        status: 503,
      })
    case 'denied-address':
      return problemResponse(headers, { title: 'Forbidden', status: 403 })
    case 'too-costly':
      return problemResponse(headers, {
        title: 'The request costs more than is ever allowed',
        status: 429,
      })
    default:
      return problemResponse(headers, { title: 'The client’s address cannot be told', status: 400 })
  }
}

/** An answer with problem details. */
function problemResponse(
  headers: Readonly<Record<string, string>>,
  problem: Readonly<Record<string, unknown>> & { readonly status: number },
): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    },
  })
}
