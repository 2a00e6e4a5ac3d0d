import type { JobQueue, SagaOrchestrator } from '../services/background-jobs/index.ts'
import type { AuditLog, HealthCheckService, MemorySink } from '../services/logging/index.ts'
import type { Notifications } from '../services/notifications/index.ts'
import type { Outbox } from '../services/notifications/providers/outbox.ts'
import type { Payments } from '../services/payments/index.ts'
import type { DdosProtection, Quotas } from '../services/rate-limiting/index.ts'
import type { BlobStore } from '../services/storage/index.ts'
import type { UploadSessions } from '../services/storage/uploads/index.ts'
import type { Webhooks } from '../services/webhooks/index.ts'

/** A queue as the dashboard uses it; every `JobQueue` is one, whatever its jobs. */
export type DashboardQueue = Pick<
  JobQueue,
  | 'name'
  | 'kinds'
  | 'get'
  | 'logs'
  | 'list'
  | 'count'
  | 'bulk'
  | 'counts'
  | 'oldestAddedAt'
  | 'pause'
  | 'resume'
  | 'promote'
  | 'retry'
  | 'cancel'
  | 'remove'
  | 'redrive'
  | 'schedules'
>

/** A saga as the dashboard uses it. */
export type DashboardSaga = Pick<
  SagaOrchestrator,
  'name' | 'inspect' | 'listStuck' | 'retry' | 'skip'
>

/** A template, with data to look at it. */
export interface DashboardTemplate {
  readonly name: string
  /** What the preview begins with. Default `{}`. */
  readonly sample?: object
}

/** Files as the dashboard uses them. */
export interface DashboardFiles {
  readonly store: Pick<BlobStore, 'bucket' | 'page' | 'head' | 'get' | 'delete'>
  /** Default: nothing can be uploaded. */
  readonly uploads?: Pick<UploadSessions, 'create' | 'get' | 'append' | 'abort' | 'maxBytes'>
}

/** A key without its secret. Instants are ms since 1970. */
export interface DashboardKey {
  readonly id: string
  readonly label: string
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

/** Keys of an API, as its own code keeps them. */
export interface DashboardKeys {
  page(options: {
    readonly limit: number
    readonly cursor?: string
  }): Promise<{ readonly keys: readonly DashboardKey[]; readonly cursor: string | null }>
  /** @returns Whether there was one */
  revoke(id: string): Promise<boolean>
}

/** What the dashboard shows of one tenant. What is absent has no page. */
export interface DashboardServices {
  readonly queues?: readonly DashboardQueue[]
  readonly sagas?: readonly DashboardSaga[]
  readonly webhooks?: Pick<Webhooks, 'endpoints' | 'deliveries'>
  readonly notifications?: Pick<
    Notifications,
    'list' | 'trackDelivery' | 'cancel' | 'suppressions' | 'renderTemplate'
  >
  readonly templates?: readonly DashboardTemplate[]
  /** What was not sent, in development. */
  readonly outbox?: Pick<Outbox, 'messages'>
  readonly payments?: Pick<
    Payments,
    | 'retrievePayment'
    | 'listRefunds'
    | 'refundPayment'
    | 'auditTrail'
    | 'reconcile'
    | 'reconcileAll'
    | 'disputes'
  >
  readonly files?: DashboardFiles
  readonly quotas?: Pick<Quotas, 'usage' | 'reset'>
  readonly protection?: Pick<DdosProtection, 'unban'>
  readonly health?: Pick<HealthCheckService, 'report'>
  readonly logs?: Pick<MemorySink, 'records'>
  readonly keys?: DashboardKeys
  /** Where acts go on record, and what its page shows. Default: a log of the dashboard's own. */
  readonly audit?: Pick<AuditLog, 'record' | 'entries' | 'head'>
}
