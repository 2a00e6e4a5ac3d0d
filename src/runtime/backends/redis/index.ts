export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export type { BackendFault, BackendFaultCode, CheckedBackend } from '../../ports/backend.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { REDIS_COMMANDS } from './ready.ts'
export { redis, type RedisBackend, type RedisOptions } from './redis.ts'
export { redisRateLimits, type RedisRateLimitsOptions } from './redis-rate-limits.ts'
export type {
  CallingConnection,
  ClusterConnection,
  CommandingConnection,
  EvaluatingConnection,
  RedisConnection,
  SendingConnection,
  SentinelConnection,
} from './connection.ts'
export type {
  CallingSubscriber,
  CommandingSubscriber,
  RedisSubscriber,
  SendingSubscriber,
} from './subscriber.ts'
