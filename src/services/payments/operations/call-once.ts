import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { IdempotencyConflictError } from '../../../runtime/coordination/idempotency/idempotency-conflict-error.ts'
import { IdempotencyInProgressError } from '../../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { minorMoney } from '../money/money.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderCall } from '../providers/provider-payment.ts'
import { deriveKey } from './derive-id.ts'

/** A call that {@link callOnce} makes. */
export interface OnceCall<Result> {
  /** As in `create customer`. */
  readonly action: string
  readonly provider: string
  readonly operationId: string
  /** What is asked for: the same operation id with something else is an error. */
  readonly request: unknown
  readonly signal?: AbortSignal | undefined
  call(call: ProviderCall): Promise<Result>
}

/**
 * Makes a call at a provider once for each operation id.
 *
 * That it was begun is kept before it goes out, and its key follows from the id: after a crash or a
 * lost answer the next call goes on with it, and what it made is kept for those that follow.
 *
 * @throws PaymentError
 */
export async function callOnce<Result>(
  idempotency: Idempotency,
  { action, provider, operationId, request, signal, call }: OnceCall<Result>,
): Promise<Result> {
  const idempotencyKey = await deriveKey(action, provider, operationId)
  const fingerprint = await deriveKey(canonicalJson(toKept(request)))
  try {
    const kept = await idempotency.run(
      `call/${idempotencyKey}`,
      fingerprint,
      async () => toKept(await call({ idempotencyKey, signal })),
      signal === undefined ? {} : { signal },
    )
    // What was kept is what a call of the same kind returned.
    return fromKept(kept) as Result
  } catch (error) {
    if (error instanceof IdempotencyConflictError)
      throw new PaymentError(
        'conflict',
        `Cannot ${action}: the operation id was used before for something else`,
        { provider, cause: error },
      )
    if (error instanceof IdempotencyInProgressError)
      throw new PaymentError('conflict', `Cannot ${action}: the same call is under way`, {
        provider,
        retryable: 'later',
        retryAfterMs: error.retryAfterMs,
        cause: error,
      })
    throw error
  }
}

/** JSON of what may hold money, which JSON alone cannot carry. */
function toKept(value: unknown): Json {
  if (typeof value === 'bigint') return { $bigint: value.toString() }
  if (Array.isArray(value)) return value.map(toKept)
  if (typeof value !== 'object' || value === null)
    return value === undefined || typeof value === 'function' ? null : (value as Json)
  if ('minor' in value && 'currency' in value && typeof value.minor === 'bigint')
    return { $money: value.minor.toString(), currency: String(value.currency) }
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => [key, toKept(member)]))
}

function fromKept(value: Json): unknown {
  if (Array.isArray(value)) return value.map(fromKept)
  if (!isJsonObject(value)) return value
  const { $money, currency } = value
  if (typeof $money === 'string' && typeof currency === 'string')
    return minorMoney(BigInt($money), currency)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromKept(member)]))
}
