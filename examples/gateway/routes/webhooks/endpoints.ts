import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { tenantOfEndpoint } from '@white-cross/reuse/infrastructure/webhooks'
import * as api from '../../contract/webhooks.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { isListenerUrl } from '../../listeners/listener-urls.ts'
import { serve } from '../../http/serve.ts'

/** Where webhooks go. */
export function endpointRoutes({ endpoints, deliveries }: Webhooks): readonly Route[] {
  return [
    route(api.createEndpoint, async ({ body, tenant }) => {
      refuseListenerUrl(body.url)
      const endpoint = await endpoints.create({ ...withoutUndefined(body), tenant })
      // Without a secret it is the one that had this uid before.
      const status = endpoint.secret === null ? 200 : 201
      return { status, body: endpoint, target: endpoint.id }
    }),
    route(api.listEndpoints, async ({ query, tenant }) => ({
      status: 200,
      body: await endpoints.page({ ...withoutUndefined(query), tenant }),
    })),
    route(api.getEndpoint, async (call) => {
      const endpoint = await endpoints.get(ownId(call))
      if (endpoint === null) throw notFound()
      return { status: 200, body: endpoint }
    }),
    route(api.updateEndpoint, async (call) => {
      refuseListenerUrl(call.body.url)
      const endpoint = await endpoints.update(ownId(call), withoutUndefined(call.body))
      return { status: 200, body: endpoint }
    }),
    route(api.deleteEndpoint, async (call) => {
      if (!(await endpoints.delete(ownId(call)))) throw notFound()
      return { status: 204 }
    }),
    route(api.enableEndpoint, async (call) => ({
      status: 200,
      body: await endpoints.enable(ownId(call)),
    })),
    route(api.disableEndpoint, async (call) => ({
      status: 200,
      body: await endpoints.disable(ownId(call)),
    })),
    route(api.rotateEndpointSecret, async (call) => {
      const { overlap } = call.body
      const options = overlap === undefined ? {} : { overlap: overlap as `${number}s` }
      return serve(async () => ({
        status: 200,
        body: await endpoints.rotateSecret(ownId(call), options),
      }))
    }),
    route(api.verifyEndpoint, async (call) => ({
      status: 200,
      body: await endpoints.verify(ownId(call)),
    })),
    route(api.recoverEndpoint, async (call) => {
      const { since, ...rate } = withoutUndefined(call.body)
      return serve(async () => ({
        status: 202,
        body: await deliveries.recover(ownId(call), since, rate),
      }))
    }),
    route(api.endpointStats, async (call) => ({
      status: 200,
      body: await deliveries.stats(ownId(call)),
    })),
  ]
}

/**
 * The id in the path, of an endpoint of the caller's tenant: of others there is nothing here. An
 * operator may name any.
 */
function ownId(call: Call): string {
  const id = call.param('id')
  const tenant = tenantOfEndpoint(id)
  if (tenant === null || !mayReach(call, tenant)) throw notFound()
  return id
}

/** Whether what belongs to `tenant` is the caller's to see. */
export function mayReach({ caller, tenant: own, c }: Call, tenant: string): boolean {
  if (caller.tenant === null && c.req.query('tenant') === undefined) return true
  return tenant === own
}

/** Only `POST /v1/webhooks/listeners` makes endpoints whose deliveries the gateway relays. */
function refuseListenerUrl(url: string | undefined): void {
  if (url === undefined || !isListenerUrl(url)) return
  throw new ProblemError(
    422,
    'url_blocked',
    'Cannot use endpoint url: its host is for listeners, see POST /v1/webhooks/listeners',
  )
}

function notFound(): ProblemError {
  return new ProblemError(404, 'endpoint_not_found', 'There is no such endpoint')
}
