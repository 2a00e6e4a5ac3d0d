import type { InvoiceCalls } from '../provider-billing.ts'
import { apiPath, at, textAt } from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'
import type { SquareCaller } from './square-caller.ts'
import { invoiceFromSquare } from './square-billing.ts'
import { squareMoney } from './square-payment.ts'

const DAY_MS = 86_400_000

export function squareInvoices({
  call,
  keyOf,
  locationId,
  clock,
}: SquareCaller): Required<Omit<InvoiceCalls, 'pay'>> {
  return {
    async create({ customer, lines, daysUntilDue = 14 }, how) {
      const key = how.idempotencyKey ?? ''
      const order = await call(
        {
          action: 'create invoice',
          method: 'POST',
          path: '/v2/orders',
          body: {
            idempotency_key: `${key.slice(0, 40)}-o`,
            order: {
              location_id: locationId,
              customer_id: customer,
              line_items: lines.map(({ description, amount }) => ({
                name: description,
                quantity: '1',
                base_price_money: squareMoney(amount),
              })),
            },
          },
        },
        how,
      )
      const due = new Date(clock.now() + daysUntilDue * DAY_MS).toISOString().slice(0, 10)
      const body = await call(
        {
          action: 'create invoice',
          method: 'POST',
          path: '/v2/invoices',
          body: {
            ...keyOf(how),
            invoice: {
              location_id: locationId,
              order_id: textAt(order, 'order', 'id') ?? '',
              primary_recipient: { customer_id: customer },
              payment_requests: [{ request_type: 'BALANCE', due_date: due }],
              delivery_method: 'SHARE_MANUALLY',
              accepted_payment_methods: { card: true },
            },
          },
        },
        how,
      )
      return invoiceFromSquare(at(body, 'invoice') ?? null)
    },
    async retrieve(reference, how) {
      const body = await call(
        { action: 'retrieve invoice', method: 'GET', path: apiPath`/v2/invoices/${reference}` },
        how,
      )
      return invoiceFromSquare(at(body, 'invoice') ?? null)
    },
    finalize: (reference, how) => actOnInvoice(reference, 'publish', how),
    void: (reference, how) => actOnInvoice(reference, 'cancel', how),
  }

  async function actOnInvoice(
    reference: string,
    verb: 'publish' | 'cancel',
    how: ProviderCall,
  ): Promise<ReturnType<typeof invoiceFromSquare>> {
    const present = await call(
      { action: 'retrieve invoice', method: 'GET', path: apiPath`/v2/invoices/${reference}` },
      { signal: how.signal },
    )
    const version = Number(at(present, 'invoice', 'version') ?? 0)
    const body = await call(
      {
        action: `${verb} invoice`,
        method: 'POST',
        path: `${apiPath`/v2/invoices/${reference}`}/${verb}`,
        body: { version, ...(verb === 'publish' && keyOf(how)) },
      },
      how,
    )
    return invoiceFromSquare(at(body, 'invoice') ?? null)
  }
}
