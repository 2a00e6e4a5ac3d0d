export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export type {
  DirectControl,
  DirectJob,
  DirectOutcome,
  DirectProcess,
} from '../../workers/push/direct-job.ts'
export type { WokenWorker } from '../../workers/push/wake-handler.ts'
export type { QstashAccess } from './qstash-api.ts'
export {
  qstashDirect,
  type QstashDirect,
  type QstashDirectOptions,
  type QstashSendOptions,
  type SentJob,
} from './qstash-direct.ts'
export { qstashDirectHandler, type QstashDirectHandlerOptions } from './qstash-direct-handler.ts'
export { qstashWaker, type QstashWakerOptions } from './qstash-waker.ts'
export { qstashHandler, type QstashHandlerOptions } from './qstash-handler.ts'
export {
  qstashSchedules,
  type NewQstashSchedule,
  type QstashSchedule,
  type QstashSchedules,
  type QstashSchedulesOptions,
  type QstashTask,
} from './qstash-schedules.ts'
export type { SignedRequestOptions } from './signed-request.ts'
export type { SigningKeys } from './verify-token.ts'
