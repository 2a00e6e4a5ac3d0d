import {
  createFileTickets,
  type FileTickets,
} from '@white-cross/reuse/infrastructure/storage/tickets'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import { isTenant } from '../../access/caller.ts'
import * as api from '../../contract/files.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { watchedRequest } from '../../http/watched-body.ts'
import { tenantBlobs } from '../../tenants/tenant-blobs.ts'

/**
 * Requests that others may make until they expire. Each tenant's are signed with a secret of its own,
 * so that one is good for that tenant's files alone.
 *
 * @param idleMs The longest wait for the next piece of a body
 */
export function ticketRoutes(bucket: BlobStore, secret: string, idleMs: number): readonly Route[] {
  function ticketsOf(call: Call, tenant: string): FileTickets {
    const { origin } = new URL(call.c.req.url)
    return createFileTickets({
      store: tenantBlobs(bucket, tenant),
      secret: `${secret} ${tenant}`,
      url: `${origin}/t/${tenant}`,
    })
  }

  async function use(call: Call): Promise<Response> {
    const tenant = call.param('tenant')
    if (!isTenant(tenant)) throw new ProblemError(403, 'forbidden', 'The ticket is not valid')
    return ticketsOf(call, tenant).handle(watchedRequest(call.c.req.raw, idleMs))
  }

  return [
    route(api.signTicket, async (call) => {
      const { key, ...options } = call.body
      if (typeof key !== 'string')
        throw new ProblemError(422, 'invalid_body', 'key: a text expected')
      // What else it may say is for the service to check.
      return serveOpenly(async () => {
        const signed = ticketsOf(call, call.tenant).sign(key, options)
        return { status: 201, body: signed }
      })
    }),
    route(api.readByTicket, use),
    route(api.writeByTicket, use),
  ]
}
