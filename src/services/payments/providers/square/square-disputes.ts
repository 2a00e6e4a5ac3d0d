import type { DisputeCalls } from '../provider-billing.ts'
import { apiPath, at, listAt, textAt } from '../provider-http.ts'
import type { SquareCaller } from './square-caller.ts'
import { disputeFromSquare } from './square-billing.ts'

export function squareDisputes({ call, locationId }: SquareCaller): DisputeCalls {
  return {
    async list({ cursor }, how) {
      const query = new URLSearchParams({ location_id: locationId })
      if (cursor !== undefined) query.set('cursor', cursor)
      const body = await call(
        { action: 'list disputes', method: 'GET', path: `/v2/disputes?${query}` },
        how,
      )
      return {
        disputes: listAt(body, 'disputes').map(disputeFromSquare),
        cursor: textAt(body, 'cursor') ?? null,
      }
    },
    async retrieve(reference, how) {
      const body = await call(
        { action: 'retrieve dispute', method: 'GET', path: apiPath`/v2/disputes/${reference}` },
        how,
      )
      return disputeFromSquare(at(body, 'dispute') ?? null)
    },
    async submitEvidence(reference, evidence, how) {
      // Texts of at most 500 characters, each a piece of its own under a key of its own.
      for (const [name, text] of Object.entries(evidence))
        await call(
          {
            action: 'submit evidence',
            method: 'POST',
            path: apiPath`/v2/disputes/${reference}/evidence-text`,
            body: {
              idempotency_key: `${(how.idempotencyKey ?? '').slice(0, 20)}-${name}`.slice(0, 45),
              evidence_type: EVIDENCE_TYPES[name] ?? 'GENERIC_EVIDENCE',
              evidence_text: String(text).slice(0, 500),
            },
          },
          how,
        )
      const body = await call(
        {
          action: 'submit evidence',
          method: 'POST',
          path: apiPath`/v2/disputes/${reference}/submit-evidence`,
        },
        how,
      )
      return disputeFromSquare(at(body, 'dispute') ?? null)
    },
    async accept(reference, how) {
      const body = await call(
        {
          action: 'accept dispute',
          method: 'POST',
          path: apiPath`/v2/disputes/${reference}/accept`,
        },
        how,
      )
      return disputeFromSquare(at(body, 'dispute') ?? null)
    },
  }
}

const EVIDENCE_TYPES: Readonly<Partial<Record<string, string>>> = {
  trackingNumber: 'TRACKING_NUMBER',
  cancellationPolicy: 'CANCELLATION_OR_REFUND_DOCUMENTATION',
  refundPolicy: 'CANCELLATION_OR_REFUND_DOCUMENTATION',
  productDescription: 'PRODUCT_OR_SERVICE_DESCRIPTION',
}
