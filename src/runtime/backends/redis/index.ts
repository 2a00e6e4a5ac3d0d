export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { redis, type RedisBackend, type RedisOptions } from './redis.ts'
export { redisRateLimits, type RedisRateLimitsOptions } from './redis-rate-limits.ts'
export type {
  CallingConnection,
  CommandingConnection,
  EvaluatingConnection,
  RedisConnection,
  SendingConnection,
} from './connection.ts'
export type {
  CallingSubscriber,
  CommandingSubscriber,
  RedisSubscriber,
  SendingSubscriber,
} from './subscriber.ts'
