import type Stripe from 'stripe'
import type { ProviderCall } from '../provider-payment.ts'
import { toPaymentError } from './stripe-error.ts'

/** Stripe's library, called in our way. */
export interface StripeCaller {
  readonly client: Stripe
  requestOptions(how: ProviderCall): Stripe.RequestOptions
  /** @throws PaymentError in place of Stripe's errors */
  call<Result>(action: string, how: ProviderCall, send: () => Promise<Result>): Promise<Result>
}

export function createStripeCaller(client: Stripe): StripeCaller {
  return {
    client,
    requestOptions: ({ idempotencyKey }) =>
      idempotencyKey === undefined ? {} : { idempotencyKey },
    async call(action, { signal }, send) {
      signal?.throwIfAborted()
      try {
        return await send()
      } catch (error) {
        throw toPaymentError(action, error)
      }
    },
  }
}
