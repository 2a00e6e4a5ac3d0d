import Stripe from 'stripe'
import { PaymentError } from '../../payment-error.ts'

/** Says a failure of Stripe's in the words that fit all providers. */
export function toPaymentError(action: string, error: unknown): PaymentError {
  if (error instanceof PaymentError) return error
  const details = { provider: 'stripe', cause: withoutSecrets(error) }
  const failed = (code: PaymentError['code'], why: string, more = {}): PaymentError =>
    new PaymentError(code, `Cannot ${action} at Stripe: ${why}`, { ...details, ...more })
  const { StripeError, StripeCardError, StripeRateLimitError, StripeConnectionError } =
    Stripe.errors
  if (!(error instanceof StripeError) || error instanceof StripeConnectionError)
    return failed('indeterminate', 'no answer came, so it may or may not have happened')
  const { code, decline_code: declineCode, statusCode = 0 } = error
  // Half an answer, or none of Stripe's own, has no status. An answer of 500 is kept under the key.
  if (statusCode === 0 || statusCode === 408 || statusCode >= 500)
    return failed('indeterminate', `it failed with status ${statusCode || 'unknown'}`)
  if (error instanceof StripeCardError) {
    const asked = code === 'authentication_required' || declineCode === 'authentication_required'
    return failed(
      asked ? 'authentication_required' : 'declined',
      asked ? 'the customer has to prove who they are' : 'the means of payment was declined',
      { declineCode: declineCode ?? code, advice: adviceOf(error) },
    )
  }
  if (error instanceof StripeRateLimitError || code === 'lock_timeout')
    return failed('rate_limited', 'too many calls at once', {
      retryAfterMs: retryAfterMs(error.headers),
    })
  if (statusCode === 401 || statusCode === 403)
    return failed('configuration', 'the key is not accepted, or may not do this')
  if (statusCode === 404 || code === 'resource_missing')
    return failed('not_found', 'there is no such object')
  if (statusCode === 409 || code === 'idempotency_key_in_use')
    return failed('conflict', 'the same operation is under way', { retryable: 'later' })
  if (code === 'charge_already_refunded')
    return failed('refund_exceeds_capture', 'it was refunded already')
  if (code !== undefined && CONFLICTS.includes(code)) return failed('conflict', code)
  if (error.type === 'StripeIdempotencyError')
    return failed('conflict', 'the key was used before with another request')
  const param = error.param === undefined ? '' : ` (${error.param})`
  return failed('invalid_request', `the request was refused with ${code ?? statusCode}${param}`)
}

const CONFLICTS: readonly string[] = [
  'payment_intent_unexpected_state',
  'charge_already_captured',
  'charge_disputed',
  'intent_invalid_state',
  'setup_intent_unexpected_state',
  'invoice_not_editable',
]

function adviceOf(error: Stripe.errors.StripeCardError): string | undefined {
  const { advice_code: advice } = error.raw as { readonly advice_code?: unknown }
  return typeof advice === 'string' ? advice : undefined
}

function retryAfterMs(headers: unknown): number | undefined {
  const value =
    typeof headers === 'object' && headers !== null && 'retry-after' in headers
      ? Number(headers['retry-after'])
      : NaN
  return Number.isFinite(value) ? value * 1000 : undefined
}

/** Stripe's errors carry whole objects, with the customer's address in them. */
function withoutSecrets(error: unknown): Error {
  const type = error instanceof Error ? error.name : typeof error
  const code = error instanceof Stripe.errors.StripeError ? (error.code ?? error.statusCode) : ''
  return new Error(`${type} ${code}`.trim())
}
