import type { Json } from '../../../../src/runtime/ports/json.ts'
import { paypal } from '../../../../src/services/payments/providers/paypal.ts'
import { square } from '../../../../src/services/payments/providers/square.ts'
import { stripe } from '../../../../src/services/payments/providers/stripe.ts'
import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import { createPaypalStandIn } from '../../../support/payments/paypal-stand-in.ts'
import { createSquareStandIn } from '../../../support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../../../support/payments/stripe-stand-in.ts'
import { suite, type Suite } from '../../suite.ts'
import { providerLaws, type VendorHarness } from './provider-laws.ts'

/** Sees each request on its way, to check it against the vendor's schema. */
export type Watch = (vendor: string, fetch: FetchClient) => FetchClient

const unwatched: Watch = (_, fetch) => fetch

/** The vendors by name, each with a stand-in of ours. */
function vendors(watch: Watch = unwatched): Readonly<Record<string, VendorHarness>> {
  return {
    stripe: {
      open(clock) {
        const standIn = createStripeStandIn(clock.now)
        return {
          standIn,
          provider: stripe({
            secretKey: 'sk_test_51abc',
            webhookSecret: 'whsec_test',
            fetch: watch('stripe', standIn.fetch),
          }),
          token: { good: 'pm_card_visa', declined: 'pm_card_chargeDeclined' },
          event: ({ reference }) => standIn.event(reference ?? '', 'payment_intent.succeeded'),
          paths: { create: '/v1/payment_intents', capture: '/capture', refund: '/v1/refunds' },
        }
      },
    },
    paypal: {
      open(clock) {
        const standIn = createPaypalStandIn(clock.now)
        return {
          standIn,
          provider: paypal({
            clientId: 'client',
            clientSecret: 'secret',
            webhookId: 'WH1',
            fetch: watch('paypal', standIn.fetch),
            clock,
          }),
          token: { good: undefined, declined: 'VAULT-DECLINED' },
          approve: ({ reference }) => standIn.setStatus(reference ?? '', 'APPROVED'),
          event: ({ reference }): Json =>
            standIn.event('PAYMENT.CAPTURE.COMPLETED', standIn.captureOf(reference ?? '')),
          paths: {
            create: '/v2/checkout/orders',
            capture: '/v2/payments/authorizations',
            refund: '/refund',
          },
        }
      },
    },
    square: {
      open(clock) {
        const standIn = createSquareStandIn(clock.now)
        return {
          standIn,
          provider: square({
            accessToken: 'EAAA-test',
            locationId: 'L1',
            webhook: { signatureKey: 'key', url: 'https://shop.example/square' },
            fetch: watch('square', standIn.fetch),
            clock,
          }),
          token: { good: 'cnon:ok', declined: 'cnon:declined' },
          event: ({ reference }) => standIn.event(reference ?? '', 'payment.updated'),
          paths: { create: '/v2/payments', capture: '/complete', refund: '/v2/refunds' },
        }
      },
    },
  }
}

/** What every provider keeps to. */
export function paymentProviderSuites(watch?: Watch): readonly Suite[] {
  return Object.entries(vendors(watch)).map(([name, harness]) =>
    suite('PaymentProvider', name, providerLaws, harness),
  )
}
