import type Stripe from 'stripe'
import type {
  CustomerCalls,
  CustomerRequest,
  MethodCalls,
  ProviderMethod,
} from '../provider-billing.ts'
import type { StripeCaller } from './stripe-caller.ts'
import { rawOf } from './stripe-payment.ts'

export function stripeCustomers({ client, call, requestOptions }: StripeCaller): CustomerCalls {
  return {
    create: (request, how) =>
      call('create customer', how, async () => {
        const made = await client.customers.create(customerOf(request), requestOptions(how))
        return { reference: made.id, raw: rawOf(made) }
      }),
    retrieve: (reference, how) =>
      call('retrieve customer', how, async () => {
        const found = await client.customers.retrieve(reference)
        return { reference: found.id, raw: rawOf(found) }
      }),
    update: (reference, request, how) =>
      call('update customer', how, async () => {
        const changed = await client.customers.update(
          reference,
          customerOf(request),
          requestOptions(how),
        )
        return { reference: changed.id, raw: rawOf(changed) }
      }),
  }
}

export function stripeMethods({ client, call, requestOptions }: StripeCaller): MethodCalls {
  return {
    attach: (customer, token, how) =>
      call('attach payment method', how, async () =>
        methodFrom(await client.paymentMethods.attach(token, { customer }, requestOptions(how))),
      ),
    list: (customer, how) =>
      call('list payment methods', how, async () => {
        const page = await client.customers.listPaymentMethods(customer, { limit: 100 })
        return page.data.map(methodFrom)
      }),
    detach: (reference, how) =>
      call('detach payment method', how, async () => {
        await client.paymentMethods.detach(reference, {}, requestOptions(how))
      }),
  }
}

function customerOf({ id, name, email, phone, description, metadata }: CustomerRequest): {
  name?: string
  email?: string
  phone?: string
  description?: string
  metadata?: Record<string, string>
} {
  const kept = { ...metadata, ...(id !== undefined && { customer_id: id }) }
  return {
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(description !== undefined && { description }),
    ...(Object.keys(kept).length > 0 && { metadata: kept }),
  }
}

function methodFrom({ id, type, card }: Stripe.PaymentMethod): ProviderMethod {
  return {
    reference: id,
    type,
    brand: card?.brand ?? null,
    last4: card?.last4 ?? null,
    expiry: card === undefined ? null : { month: card.exp_month, year: card.exp_year },
  }
}
