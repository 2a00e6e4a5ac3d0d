import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../../runtime/ports/json.ts'
import { PaymentError } from '../../payment-error.ts'
import {
  callApi,
  listAt,
  textAt,
  type ApiRequest,
  type ApiResponse,
  type ProviderApi,
} from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'

/** Square's API, called in our way. */
export interface SquareCaller {
  readonly locationId: string
  readonly clock: Clock
  /** @throws PaymentError when the answer is no success */
  call(request: Omit<ApiRequest, 'headers' | 'signal'>, how: ProviderCall): Promise<Json>
  /** Square's keys are a part of the body. */
  keyOf(how: ProviderCall): Readonly<Record<string, string>>
}

export function createSquareCaller(
  api: ProviderApi,
  options: {
    readonly accessToken: string
    readonly locationId: string
    readonly apiVersion?: string
  },
): SquareCaller {
  const { accessToken, locationId, apiVersion = '2025-07-16' } = options
  return {
    locationId,
    clock: api.clock,
    keyOf: ({ idempotencyKey }) =>
      idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey },
    async call(request, { signal }) {
      const response = await callApi(api, {
        ...request,
        headers: { authorization: `Bearer ${accessToken}`, 'square-version': apiVersion },
        signal,
      })
      if (response.status < 300) return response.body
      throw refusal(request.action, response)
    },
  }
}

function refusal(action: string, { status, body, retryAfterMs }: ApiResponse): PaymentError {
  const error = listAt(body, 'errors')[0]
  const code = textAt(error, 'code') ?? ''
  const category = textAt(error, 'category')
  const failed = (kind: PaymentError['code'], why: string, more = {}): PaymentError =>
    new PaymentError(kind, `Cannot ${action} at square: ${why}`, { provider: 'square', ...more })
  if (code === 'CARD_DECLINED_VERIFICATION_REQUIRED')
    return failed('authentication_required', 'the buyer has to be verified in the browser')
  if (category === 'PAYMENT_METHOD_ERROR' || DECLINES.has(code))
    return failed('declined', 'the means of payment was declined', {
      declineCode: code.toLowerCase(),
    })
  if (status === 401 || status === 403)
    return failed('configuration', 'the token is not accepted, or may not do this')
  if (status === 404) return failed('not_found', 'there is no such object')
  if (status === 429) return failed('rate_limited', 'too many calls', { retryAfterMs })
  if (code === 'REFUND_AMOUNT_INVALID' || code === 'REFUND_ALREADY_PENDING')
    return failed(
      code === 'REFUND_ALREADY_PENDING' ? 'conflict' : 'refund_exceeds_capture',
      code.toLowerCase(),
    )
  if (code === 'IDEMPOTENCY_KEY_REUSED')
    return failed('conflict', 'the key was used before with another request')
  if (status === 409 || CONFLICTS.has(code)) return failed('conflict', code || String(status))
  const field = textAt(error, 'field')
  return failed(
    'invalid_request',
    `the request was refused with ${code || status}${field === undefined ? '' : ` (${field})`}`,
  )
}

const DECLINES = new Set([
  'CARD_DECLINED',
  'GENERIC_DECLINE',
  'INSUFFICIENT_FUNDS',
  'CVV_FAILURE',
  'ADDRESS_VERIFICATION_FAILURE',
  'INVALID_EXPIRATION',
  'CARD_EXPIRED',
  'TRANSACTION_LIMIT',
  'VOICE_FAILURE',
  'PAN_FAILURE',
  'EXPIRATION_FAILURE',
  'CARD_NOT_SUPPORTED',
  'PAYMENT_LIMIT_EXCEEDED',
])

const CONFLICTS = new Set([
  'BAD_REQUEST_STATE',
  'PAYMENT_ALREADY_COMPLETED',
  'VERSION_MISMATCH',
  'CONFLICT',
  'CONFLICTING_PARAMETERS',
])
