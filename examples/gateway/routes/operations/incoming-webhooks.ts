import { NotificationError } from '@white-cross/reuse/infrastructure/notifications'
import { PaymentError } from '@white-cross/reuse/infrastructure/payments'
import { DEFAULT_TENANT, isTenant } from '../../access/caller.ts'
import * as api from '../../contract/operations.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import type { Tenants } from '../../tenants/tenant-services.ts'

/**
 * Takes the webhooks of providers, which have a signature and no API key. One that nothing verifies
 * is answered as what is not there.
 */
export function incomingWebhookRoutes(tenants: Tenants): readonly Route[] {
  return [
    route(api.incomingWebhook, (call) => take(call, tenants, DEFAULT_TENANT)),
    route(api.incomingTenantWebhook, async (call) => {
      const tenant = call.param('tenant')
      if (!isTenant(tenant) || !(await tenants.directory.has(tenant))) throw notFound()
      return take(call, tenants, tenant)
    }),
  ]
}

async function take({ c, param }: Call, tenants: Tenants, tenant: string): Promise<Response> {
  const provider = param('provider')
  // Neither reads the body before it knows the provider.
  const { payments, notifications } = await tenants.toRead(tenant)
  const takers = [
    () => payments?.handleWebhook(c.req.raw, { provider }),
    () => notifications?.handleWebhook(provider, c.req.raw),
  ]
  for (const handle of takers) {
    try {
      const answer = await handle()
      if (answer !== undefined) return answer
    } catch (error) {
      // Whoever has read it knows the provider: what is wrong then is not for another to try.
      if (!isUnknownProvider(error) || c.req.raw.bodyUsed) throw error
    }
  }
  throw notFound()
}

function notFound(): ProblemError {
  return new ProblemError(404, 'not_found', 'No webhooks of this provider are taken here')
}

function isUnknownProvider(error: unknown): boolean {
  return (
    (error instanceof NotificationError && error.code === 'invalid_request') ||
    // `configuration`: there is a provider, and no secret to verify its webhooks with.
    (error instanceof PaymentError &&
      (error.code === 'invalid_request' || error.code === 'configuration'))
  )
}
