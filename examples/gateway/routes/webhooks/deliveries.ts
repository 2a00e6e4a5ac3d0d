import { tenantOfEndpoint, type Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import * as api from '../../contract/deliveries.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { serve } from '../../http/serve.ts'
import { mayReach } from './endpoints.ts'

/** What became of events on their way to endpoints. */
export function deliveryRoutes({ deliveries }: Webhooks): readonly Route[] {
  return [
    route(api.listDeliveries, async ({ query, tenant }) => {
      const { event, endpoint, type, ...rest } = query
      const asked = withoutUndefined({
        ...rest,
        eventId: event,
        endpointId: endpoint,
        eventType: type,
      })
      return { status: 200, body: await deliveries.page({ ...asked, tenant }) }
    }),
    route(api.replayDeliveries, async ({ body, tenant }) => {
      const { endpoint, type, tenant: _, ...rest } = body
      const filter = withoutUndefined({ ...rest, endpointId: endpoint, eventType: type })
      return serve(async () => ({
        status: 202,
        body: await deliveries.replay({ ...filter, tenant }),
      }))
    }),
    route(api.getDelivery, async (call) => {
      const id = ownId(call)
      const delivery = await deliveries.get(id)
      if (delivery === null) throw notFound()
      return {
        status: 200,
        body: { ...delivery, attemptLog: await deliveries.attempts(id) },
      }
    }),
    route(api.retryDelivery, async (call) => ({
      status: 202,
      body: await deliveries.retry(ownId(call)),
    })),
    route(api.deleteDelivery, async (call) => {
      if (!(await deliveries.delete(ownId(call)))) throw notFound()
      return { status: 204 }
    }),
  ]
}

/** The id in the path, of a delivery to an endpoint that is the caller's to see. */
function ownId(call: Call): string {
  const id = call.param('id')
  const tenant = tenantOfEndpoint(id.slice(id.indexOf(':') + 1))
  if (tenant === null || !mayReach(call, tenant)) throw notFound()
  return id
}

function notFound(): ProblemError {
  return new ProblemError(404, 'delivery_not_found', 'There is no such delivery')
}
