import { apiPath, at, listAt, textAt } from '../provider-http.ts'
import type { CustomerCalls, CustomerRequest, MethodCalls } from '../provider-billing.ts'
import type { SquareCaller } from './square-caller.ts'
import { cardFromSquare } from './square-billing.ts'

export function squareCustomers({ call, keyOf }: SquareCaller): CustomerCalls {
  return {
    async create(request, how) {
      const body = await call(
        {
          action: 'create customer',
          method: 'POST',
          path: '/v2/customers',
          body: { ...keyOf(how), ...customerOf(request) },
        },
        how,
      )
      const customer = at(body, 'customer') ?? null
      return { reference: textAt(customer, 'id') ?? '', raw: customer }
    },
    async retrieve(reference, how) {
      const body = await call(
        { action: 'retrieve customer', method: 'GET', path: apiPath`/v2/customers/${reference}` },
        how,
      )
      return { reference, raw: at(body, 'customer') ?? null }
    },
    async update(reference, request, how) {
      const body = await call(
        {
          action: 'update customer',
          method: 'PUT',
          path: apiPath`/v2/customers/${reference}`,
          body: customerOf(request),
        },
        how,
      )
      return { reference, raw: at(body, 'customer') ?? null }
    },
  }
}

export function squareMethods({ call }: SquareCaller): MethodCalls {
  return {
    async attach(customer, token, how) {
      const body = await call(
        {
          action: 'attach payment method',
          method: 'POST',
          path: '/v2/cards',
          body: {
            idempotency_key: how.idempotencyKey ?? '',
            source_id: token,
            card: { customer_id: customer },
          },
        },
        how,
      )
      return cardFromSquare(at(body, 'card') ?? null)
    },
    async list(customer, how) {
      const query = new URLSearchParams({ customer_id: customer })
      const body = await call(
        { action: 'list payment methods', method: 'GET', path: `/v2/cards?${query}` },
        how,
      )
      return listAt(body, 'cards').map(cardFromSquare)
    },
    async detach(reference, how) {
      await call(
        {
          action: 'detach payment method',
          method: 'POST',
          path: apiPath`/v2/cards/${reference}/disable`,
        },
        how,
      )
    },
  }
}

function customerOf({ id, name, email, phone, description }: CustomerRequest): {
  readonly [key: string]: string
} {
  return {
    ...(id !== undefined && { reference_id: id }),
    ...(name !== undefined && { given_name: name }),
    ...(email !== undefined && { email_address: email }),
    ...(phone !== undefined && { phone_number: phone }),
    ...(description !== undefined && { note: description }),
  }
}
