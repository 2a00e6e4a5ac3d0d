import type { Sessions } from './access/sessions.ts'
import { auditRoutes } from './audit/audit-routes.ts'
import { healthRoutes } from './health/health-routes.ts'
import type { Route } from './http/route.ts'
import { bulkRoutes } from './jobs/bulk-routes.ts'
import { jobRoutes } from './jobs/job-routes.ts'
import { queueRoutes } from './jobs/queue-routes.ts'
import { sagaRoutes } from './jobs/saga-routes.ts'
import { scheduleRoutes } from './jobs/schedule-routes.ts'
import { limitRoutes } from './limits/limit-routes.ts'
import { logRoutes } from './logs/log-routes.ts'
import { messageRoutes } from './notifications/message-routes.ts'
import { templateRoutes } from './notifications/template-routes.ts'
import { overviewRoutes } from './overview/overview-routes.ts'
import { paymentRoutes } from './payments/payment-routes.ts'
import { settingRoutes } from './settings/setting-routes.ts'
import { fileRoutes } from './storage/file-routes.ts'
import { uploadRoutes } from './storage/upload-routes.ts'
import { deliveryRoutes } from './webhooks/delivery-routes.ts'
import { endpointRoutes } from './webhooks/endpoint-routes.ts'

/** What some pages need beside the services. */
export interface DashboardRoutesOptions {
  readonly sessions: Sessions
  readonly tenants: (() => Promise<readonly string[]>) | undefined
}

/** Every route of the dashboard, each with the role that it needs. */
export function dashboardRoutes(options: DashboardRoutesOptions): readonly Route[] {
  return [
    ...overviewRoutes(),
    ...queueRoutes(),
    ...scheduleRoutes(),
    ...bulkRoutes(),
    ...jobRoutes(),
    ...sagaRoutes(),
    ...endpointRoutes(),
    ...deliveryRoutes(),
    ...messageRoutes(),
    ...templateRoutes(),
    ...paymentRoutes(),
    ...fileRoutes(),
    ...uploadRoutes(),
    ...limitRoutes(),
    ...healthRoutes(),
    ...logRoutes(),
    ...auditRoutes(),
    ...settingRoutes(options),
  ]
}
