import { BackendError, InfrastructureError } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Context } from 'hono'
import * as z from 'zod/mini'
import { problem, ProblemError } from './problem.ts'
import { readBody } from './read-body.ts'

/** What a service is asked for; what it may say is the service's to check. */
export type ServiceRequest = Readonly<Record<string, unknown>>

// A record would drop a member named __proto__ without a word.
const AnyRequest = z.custom<ServiceRequest>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object expected',
)

/**
 * What a service is asked for, with the operation id of the header `idempotency-key` where it has
 * one.
 */
export async function readRequest(c: Context): Promise<ServiceRequest> {
  const body = await readBody(c, AnyRequest)
  const key = c.req.header('idempotency-key')
  if ('signal' in body)
    throw new ProblemError(422, 'invalid_request', 'signal is no option of a request')
  if (key === undefined) return body
  if ('operationId' in body && body['operationId'] !== key)
    throw new ProblemError(
      422,
      'invalid_request',
      'operationId and the header idempotency-key say different things, one of them expected',
    )
  return { ...body, operationId: key }
}

/**
 * Answers with what a service gives, or with its error: those of payments and notifications hold
 * nothing of what was sent.
 */
export async function serve(c: Context, act: () => Promise<Response>): Promise<Response> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ProblemError(422, 'invalid_request', error.message)
    const known: InfrastructureError | null = error instanceof InfrastructureError ? error : null
    if (known === null || known instanceof BackendError) throw error
    const after =
      'retryAfterMs' in known && typeof known.retryAfterMs === 'number'
        ? { 'retry-after': String(Math.ceil(known.retryAfterMs / 1000)) }
        : {}
    return problem(c, known.status, known.code, known.message, after)
  }
}
