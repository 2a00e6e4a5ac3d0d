import type { PaymentsOptions } from '@white-cross/reuse/infrastructure/payments'
import { paypal } from '@white-cross/reuse/infrastructure/payments/paypal'
import { sandbox } from '@white-cross/reuse/infrastructure/payments/sandbox'
import { square } from '@white-cross/reuse/infrastructure/payments/square'
import { stripe } from '@white-cross/reuse/infrastructure/payments/stripe'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { readProviderWebhook } from '@white-cross/reuse/infrastructure/webhooks/providers'

/** The Worker's variables for payments. Their webhooks are taken where there is a secret. */
export interface PaymentVariables {
  readonly STRIPE_KEY?: string
  readonly STRIPE_WEBHOOK_SECRET?: string
  readonly PAYPAL_ID?: string
  readonly PAYPAL_SECRET?: string
  readonly PAYPAL_WEBHOOK_ID?: string
  readonly SQUARE_TOKEN?: string
  readonly SQUARE_LOCATION?: string
  /** The signature key of Square's webhook, with the URL exactly as in Square's dashboard. */
  readonly SQUARE_WEBHOOK_KEY?: string
  readonly SQUARE_WEBHOOK_URL?: string
  /** `live`: PayPal and Square move real money. Default: their sandboxes. Stripe's key says it. */
  readonly PAYMENTS_ENVIRONMENT?: string
  /** Signs the webhooks of the sandbox, which is there while no provider has a key. */
  readonly SANDBOX_WEBHOOK_SECRET?: string
}

/**
 * Providers with keys; without any a sandbox that moves no money, and says so.
 *
 * @throws RangeError when a variable is malformed, TypeError when one is missing beside another
 */
export function readPaymentSettings(
  variables: PaymentVariables,
  backend: Pick<Backend, 'store'>,
): Pick<PaymentsOptions, 'providers' | 'readWebhook'> {
  const { STRIPE_KEY, STRIPE_WEBHOOK_SECRET, PAYPAL_ID, PAYPAL_SECRET, PAYPAL_WEBHOOK_ID } =
    variables
  const { SQUARE_TOKEN, SQUARE_LOCATION, SQUARE_WEBHOOK_KEY, SQUARE_WEBHOOK_URL } = variables
  const { PAYMENTS_ENVIRONMENT: environment = 'sandbox', SANDBOX_WEBHOOK_SECRET } = variables
  if (environment !== 'live' && environment !== 'sandbox')
    throw new RangeError('Cannot start gateway: PAYMENTS_ENVIRONMENT is neither live nor sandbox')
  const providers: PaymentsOptions['providers'] = {
    ...(STRIPE_KEY !== undefined && {
      stripe: stripe({
        secretKey: STRIPE_KEY,
        ...(STRIPE_WEBHOOK_SECRET !== undefined && { webhookSecret: STRIPE_WEBHOOK_SECRET }),
      }),
    }),
    ...(PAYPAL_ID !== undefined && {
      paypal: paypal({
        clientId: PAYPAL_ID,
        clientSecret: PAYPAL_SECRET ?? '',
        environment,
        tokens: backend.store.partition('paypal'),
        ...(PAYPAL_WEBHOOK_ID !== undefined && { webhookId: PAYPAL_WEBHOOK_ID }),
      }),
    }),
    ...(SQUARE_TOKEN !== undefined && {
      square: square({
        accessToken: SQUARE_TOKEN,
        locationId: SQUARE_LOCATION ?? '',
        environment,
        ...(SQUARE_WEBHOOK_KEY !== undefined && {
          webhook: { signatureKey: SQUARE_WEBHOOK_KEY, url: SQUARE_WEBHOOK_URL ?? '' },
        }),
      }),
    }),
  }
  const named = Object.keys(providers).length > 0
  const webhookSecret = SANDBOX_WEBHOOK_SECRET
  return {
    providers: named
      ? providers
      : { sandbox: sandbox(webhookSecret === undefined ? {} : { webhookSecret }) },
    readWebhook: readProviderWebhook,
  }
}
