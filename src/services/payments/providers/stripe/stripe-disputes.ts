import type Stripe from 'stripe'
import type { DisputeCalls, DisputeEvidence } from '../provider-billing.ts'
import type { StripeCaller } from './stripe-caller.ts'
import { disputeFromStripe } from './stripe-payment.ts'

export function stripeDisputes({ client, call, requestOptions }: StripeCaller): DisputeCalls {
  return {
    list: ({ cursor, limit = 20 }, how) =>
      call('list disputes', how, async () => {
        const page = await client.disputes.list({
          limit,
          ...(cursor !== undefined && { starting_after: cursor }),
        })
        const last = page.data.at(-1)?.id
        return {
          disputes: page.data.map(disputeFromStripe),
          cursor: page.has_more && last !== undefined ? last : null,
        }
      }),
    retrieve: (reference, how) =>
      call('retrieve dispute', how, async () =>
        disputeFromStripe(await client.disputes.retrieve(reference)),
      ),
    submitEvidence: (reference, evidence, how) =>
      call('submit evidence', how, async () =>
        disputeFromStripe(
          await client.disputes.update(
            reference,
            { evidence: evidenceOf(evidence), submit: true },
            requestOptions(how),
          ),
        ),
      ),
    accept: (reference, how) =>
      call('accept dispute', how, async () =>
        disputeFromStripe(await client.disputes.close(reference, {}, requestOptions(how))),
      ),
  }
}

function evidenceOf(evidence: DisputeEvidence): Stripe.DisputeUpdateParams.Evidence {
  const names = {
    explanation: 'uncategorized_text',
    customerName: 'customer_name',
    customerEmail: 'customer_email_address',
    productDescription: 'product_description',
    shippingCarrier: 'shipping_carrier',
    trackingNumber: 'shipping_tracking_number',
    shippedAt: 'shipping_date',
    refundPolicy: 'refund_policy_disclosure',
    cancellationPolicy: 'cancellation_policy_disclosure',
    serviceDate: 'service_date',
  } as const
  return Object.fromEntries(
    Object.entries(evidence).map(([name, text]) => [names[name as keyof typeof names], text]),
  )
}
