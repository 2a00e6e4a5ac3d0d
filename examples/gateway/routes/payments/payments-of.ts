import type { Payments } from '@white-cross/reuse/infrastructure/payments'
import { ProblemError } from '../../http/problem.ts'
import type { Call } from '../../http/route.ts'
import { operationIdOf } from '../operation-id.ts'

export async function paymentsOf(call: Call): Promise<Payments> {
  const { payments } = await call.services()
  if (payments !== undefined) return payments
  throw new ProblemError(404, 'not_found', 'There are no payments here')
}

/**
 * What a service is asked for, with the operation id of the header `idempotency-key` where it has
 * one. The service checks it, member by member.
 */
export function requestOf(call: Call, body: Readonly<Record<string, unknown>>): never {
  const { idempotencyKey: key } = call
  if ('signal' in body)
    throw new ProblemError(422, 'invalid_request', 'signal is no option of a request')
  const said = 'operationId' in body ? body['operationId'] : undefined
  if (key !== undefined && said !== undefined && said !== key)
    throw new ProblemError(
      422,
      'invalid_request',
      'operationId and the header idempotency-key say different things, one of them expected',
    )
  const id = said ?? key
  const request =
    id === undefined
      ? body
      : { ...body, operationId: typeof id === 'string' ? operationIdOf(call, id) : id }
  return request as never
}

/** Without the provider's own object, which may hold personal data. */
export function shown<Kept extends { readonly raw: unknown }>(kept: Kept): Omit<Kept, 'raw'> {
  const { raw: _raw, ...rest } = kept
  return rest
}
