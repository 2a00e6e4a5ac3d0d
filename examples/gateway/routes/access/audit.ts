import type { AuditEntry } from '@white-cross/reuse/infrastructure/logging'
import type { GatewayAudit } from '../../access/audit.ts'
import * as api from '../../contract/access.ts'
import { route, type Route } from '../../http/route.ts'
import type { Tenants } from '../../tenants/tenant-services.ts'

/** What administrators did to a tenant. */
export function auditRoutes(audit: GatewayAudit, tenants: Tenants): readonly Route[] {
  return [
    route(api.listAudit, async ({ query, tenant }) => {
      const { cursor = '0', limit = 100 } = query
      const entries: AuditEntry[] = []
      if (await tenants.directory.has(tenant))
        for await (const entry of audit.of(tenant).entries(Number(cursor))) {
          if (entries.length === limit)
            return { status: 200, body: { entries, cursor: String(entries.at(-1)?.sequence) } }
          entries.push(entry)
        }
      return { status: 200, body: { entries, cursor: null } }
    }),
    route(api.verifyAudit, async ({ tenant }) => {
      if (!(await tenants.directory.has(tenant)))
        return { status: 200, body: { ok: true, entries: 0, hash: '0'.repeat(64) } }
      return { status: 200, body: await audit.of(tenant).verify() }
    }),
  ]
}
