import type { DisputeEvidence } from '@white-cross/reuse/infrastructure/payments'
import * as api from '../../contract/disputes.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { route, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { paymentsOf, requestOf, shown } from './payments-of.ts'

/** What customers have disputed, by the provider's ids. */
export function disputeRoutes(): readonly Route[] {
  return [
    route(api.listDisputes, async (call) =>
      serveOpenly(async () => {
        const { disputes } = await paymentsOf(call)
        const found = await disputes.list(withoutUndefined(call.query))
        return { status: 200, body: { disputes: found.disputes.map(shown), cursor: found.cursor } }
      }),
    ),
    route(api.getDispute, async (call) =>
      serveOpenly(async () => {
        const { disputes } = await paymentsOf(call)
        const found = await disputes.retrieve(call.param('id'), withoutUndefined(call.query))
        return { status: 200, body: shown(found) }
      }),
    ),
    route(api.submitEvidence, async (call) => {
      const { evidence, ...request } = call.body
      return serveOpenly(async () => {
        const { disputes } = await paymentsOf(call)
        // The service checks it, member by member.
        const given = evidence as DisputeEvidence
        const asked = requestOf(call, request)
        return {
          status: 200,
          body: shown(await disputes.submitEvidence(call.param('id'), given, asked)),
        }
      })
    }),
    route(api.acceptDispute, async (call) =>
      serveOpenly(async () => {
        const { disputes } = await paymentsOf(call)
        const asked = requestOf(call, call.body)
        return { status: 200, body: shown(await disputes.accept(call.param('id'), asked)) }
      }),
    ),
  ]
}
