import {
  createAuditLog,
  type AuditEntry,
  type AuditLog,
} from '@white-cross/reuse/infrastructure/logging'
import type { AtomicStore, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Caller } from './caller.ts'

/** Who did what to a tenant, and how it ended. */
export interface GatewayAudit {
  record(act: AdministrativeAct): Promise<AuditEntry>
  /** The log of one tenant. */
  of(tenant: string): AuditLog
}

/** Something that only an administrator does. */
export interface AdministrativeAct {
  readonly caller: Caller
  readonly tenant: string
  /** The operation's id. */
  readonly action: string
  readonly target: string
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly status: number
  readonly requestId?: string | undefined
}

/** @param secret Without it the log shows mistakes, and not what an intruder in the store changed */
export function createGatewayAudit(
  store: AtomicStore,
  clock: Clock,
  secret: string | undefined,
): GatewayAudit {
  const logs = new Map<string, AuditLog>()

  function of(tenant: string): AuditLog {
    const known = logs.get(tenant)
    if (known !== undefined) return known
    const log = createAuditLog({
      backend: { store },
      name: `gateway.${tenant}`,
      clock,
      ...(secret !== undefined && { secret: `audit ${secret}` }),
    })
    if (logs.size >= 1000) logs.clear()
    logs.set(tenant, log)
    return log
  }

  return {
    of,
    record: ({ caller, tenant, action, target, outcome, status, requestId }) =>
      of(tenant).record({
        ...{ actor: caller.id, action, target: target.slice(0, 500) || '-', outcome },
        detail: { status },
        ...(requestId !== undefined && { requestId }),
      }),
  }
}
