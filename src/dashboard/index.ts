export { BackendError, InfrastructureError, type BackendErrorCode } from '../runtime/ports/index.ts'
export {
  ScheduleError,
  type ScheduleErrorCode,
} from '../services/background-jobs/scheduling/schedule-error.ts'
export { AuditError, type AuditErrorCode } from '../services/logging/audit/audit-error.ts'
export { WebhookError, type WebhookErrorCode } from '../services/webhooks/webhook-error.ts'
export { MissingPageError, type MissingPageErrorCode } from './http/missing-page-error.ts'
export { createDashboard, type Dashboard, type DashboardOptions } from './create-dashboard.ts'
export type {
  Authorize,
  AuthorizeRequest,
  DashboardRole,
  DashboardUser,
} from './access/dashboard-user.ts'
export type {
  DashboardFiles,
  DashboardKey,
  DashboardKeys,
  DashboardQueue,
  DashboardSaga,
  DashboardServices,
  DashboardTemplate,
} from './dashboard-services.ts'
