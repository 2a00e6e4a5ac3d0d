import { env } from 'cloudflare:workers'
import Stripe from 'stripe'
import { createPayments } from '@white-cross/reuse/infrastructure/payments'
import { stripe } from '@white-cross/reuse/infrastructure/payments/stripe'
import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { readProviderWebhook } from '@white-cross/reuse/infrastructure/webhooks/providers'

export { InfrastructureObject }

/** Also what the bench signs with. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

// The configuration binds every exported object under its name.
const { InfrastructureObject: namespace } = env as {
  readonly InfrastructureObject: DurableObjectNamespaceLike
}
const provider = stripe({ secretKey: 'sk_test_51abc', webhookSecret: SECRET })
const options = { providers: { stripe: provider }, readWebhook: readProviderWebhook }
const onMemory = createPayments({ backend: memory(), ...options })
const onObjects = createPayments({ backend: durableObjects(namespace), ...options })
const theirs = new Stripe('sk_test_51abc', { httpClient: Stripe.createFetchHttpClient() })
const crypto = Stripe.createSubtleCryptoProvider()

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/stripe': {
        const body = await request.text()
        const signature = request.headers.get('stripe-signature') ?? ''
        await theirs.webhooks.constructEventAsync(body, signature, SECRET, undefined, crypto)
        return new Response(null, { status: 200 })
      }
      case '/verify': {
        if (provider.webhooks === undefined) return new Response(null, { status: 500 })
        await readProviderWebhook(request, provider.webhooks)
        return new Response(null, { status: 200 })
      }
      case '/memory':
        return onMemory.handleWebhook(request)
      default:
        return onObjects.handleWebhook(request)
    }
  },
}
