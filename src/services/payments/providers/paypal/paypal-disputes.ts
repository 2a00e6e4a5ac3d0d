import type { DisputeCalls } from '../provider-billing.ts'
import { apiPath, listAt, readChanged, textAt } from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'
import type { PaypalApi } from './paypal-api.ts'
import { disputeFromPaypal } from './paypal-billing.ts'

export function paypalDisputes(api: PaypalApi): DisputeCalls {
  return {
    async list({ cursor, limit = 20 }, how) {
      const query = new URLSearchParams({ page_size: String(Math.min(limit, 50)) })
      if (cursor !== undefined) query.set('next_page_token', cursor)
      const page = await api.call(
        { action: 'list disputes', method: 'GET', path: `/v1/customer/disputes?${query}` },
        { signal: how.signal },
      )
      const next = textAt(
        listAt(page, 'links').find((link) => textAt(link, 'rel') === 'next'),
        'href',
      )
      return {
        disputes: listAt(page, 'items').map(disputeFromPaypal),
        cursor:
          next === undefined
            ? null
            : (URL.parse(next)?.searchParams.get('next_page_token') ?? null),
      }
    },
    retrieve: readDispute,
    async submitEvidence(reference, evidence, how) {
      const { trackingNumber, shippingCarrier, explanation, ...rest } = evidence
      const notes = [explanation, ...Object.entries(rest).map(([name, text]) => `${name}: ${text}`)]
      await api.call(
        {
          action: 'submit evidence',
          method: 'POST',
          path: apiPath`/v1/customer/disputes/${reference}/provide-evidence`,
          body: {
            evidences: [
              {
                evidence_type: trackingNumber === undefined ? 'OTHER' : 'PROOF_OF_FULFILLMENT',
                ...(trackingNumber !== undefined && {
                  evidence_info: {
                    tracking_info: [
                      {
                        tracking_number: trackingNumber,
                        carrier_name: 'OTHER',
                        ...(shippingCarrier !== undefined && {
                          carrier_name_other: shippingCarrier,
                        }),
                      },
                    ],
                  },
                }),
                notes: notes
                  .filter((note) => note !== undefined)
                  .join('\n')
                  .slice(0, 2000),
              },
            ],
          },
        },
        how,
      )
      return readChanged('paypal', readDispute(reference, how))
    },
    async accept(reference, how) {
      await api.call(
        {
          action: 'accept dispute',
          method: 'POST',
          path: apiPath`/v1/customer/disputes/${reference}/accept-claim`,
          body: { note: 'Accepted' },
        },
        how,
      )
      return readChanged('paypal', readDispute(reference, how))
    },
  }

  async function readDispute(
    reference: string,
    how: ProviderCall,
  ): Promise<ReturnType<typeof disputeFromPaypal>> {
    return disputeFromPaypal(
      await api.call(
        {
          action: 'retrieve dispute',
          method: 'GET',
          path: apiPath`/v1/customer/disputes/${reference}`,
        },
        { signal: how.signal },
      ),
    )
  }
}
