import type Stripe from 'stripe'
import type { InvoiceCalls, ProviderInvoice } from '../provider-billing.ts'
import type { StripeCaller } from './stripe-caller.ts'
import { moneyFromStripe, stripeAmount } from './stripe-money.ts'
import { rawOf } from './stripe-payment.ts'

export function stripeInvoices({
  client,
  call,
  requestOptions,
}: StripeCaller): Required<InvoiceCalls> {
  return {
    create: ({ customer, lines, subscription, daysUntilDue, metadata }, how) =>
      call('create invoice', how, async () => {
        const made = await client.invoices.create(
          {
            customer,
            metadata,
            auto_advance: false,
            currency: lines[0]?.amount.currency.toLowerCase() ?? '',
            ...(subscription !== undefined && { subscription }),
            ...(daysUntilDue !== undefined && {
              collection_method: 'send_invoice',
              days_until_due: daysUntilDue,
            }),
          },
          requestOptions(how),
        )
        // Each line under a key of its own: all of them are repeated together after a lost answer.
        for (const [index, { description, amount }] of lines.entries())
          await client.invoiceItems.create(
            {
              customer,
              invoice: made.id ?? '',
              amount: stripeAmount(amount),
              currency: amount.currency.toLowerCase(),
              description,
            },
            how.idempotencyKey === undefined
              ? {}
              : { idempotencyKey: `${how.idempotencyKey}-${index}` },
          )
        return invoiceFrom(await client.invoices.retrieve(made.id ?? ''))
      }),
    retrieve: (reference, how) =>
      call('retrieve invoice', how, async () =>
        invoiceFrom(await client.invoices.retrieve(reference)),
      ),
    finalize: (reference, how) =>
      call('finalize invoice', how, async () =>
        invoiceFrom(await client.invoices.finalizeInvoice(reference, {}, requestOptions(how))),
      ),
    pay: (reference, how) =>
      call('pay invoice', how, async () =>
        invoiceFrom(await client.invoices.pay(reference, {}, requestOptions(how))),
      ),
    void: (reference, how) =>
      call('void invoice', how, async () =>
        invoiceFrom(await client.invoices.voidInvoice(reference, {}, requestOptions(how))),
      ),
  }
}

function invoiceFrom(invoice: Stripe.Invoice): ProviderInvoice {
  const states: Readonly<Partial<Record<string, ProviderInvoice['state']>>> = {
    draft: 'draft',
    open: 'open',
    paid: 'paid',
    void: 'void',
    uncollectible: 'uncollectible',
  }
  return {
    reference: invoice.id ?? '',
    state: states[invoice.status ?? ''] ?? 'draft',
    total: moneyFromStripe(invoice.total, invoice.currency),
    due: moneyFromStripe(invoice.amount_due, invoice.currency),
    url: invoice.hosted_invoice_url ?? null,
    raw: rawOf(invoice),
  }
}
