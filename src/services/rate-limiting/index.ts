export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export {
  clientAddress,
  type ClientAddressSource,
  type ConnectionInfo,
} from './addresses/client-address.ts'
export type { LimitStanding, RateLimitOutcome } from './deciding/outcome.ts'
export type { RateLimitMetrics } from './deciding/rate-limit-metrics.ts'
export type { LimitedEvent, RateLimitingOptions } from './deciding/rate-limiting-options.ts'
export type { GuardDecision } from './guard/guard-decision.ts'
export type { GuardOptions } from './guard/guard-options.ts'
export type { GuardRule } from './guard/guard-rule.ts'
export { RateLimitGuard } from './guard/rate-limit-guard.ts'
export {
  parseRateLimitHeaders,
  type ParsedRateLimit,
  type ParsedRateLimits,
} from './headers/parse-rate-limit-headers.ts'
export { rateLimitHeaders, type RateLimitHeaderStyle } from './headers/rate-limit-headers.ts'
export { checkRateLimit, type CheckRateLimitOptions } from './limiters/check-rate-limit.ts'
export {
  ConcurrencyLimiter,
  type AcquireOptions,
  type ConcurrencyOptions,
} from './limiters/concurrency-limiter.ts'
export { configureRateLimiting } from './limiters/configure-rate-limiting.ts'
export { FixedWindowLimiter } from './limiters/fixed-window-limiter.ts'
export { GcraLimiter, type GcraOptions } from './limiters/gcra-limiter.ts'
export type { CheckOptions, RateLimiter, TakenUnits, WaitOptions } from './limiters/rate-limiter.ts'
export {
  SlidingWindowLimiter,
  type SlidingWindowOptions,
} from './limiters/sliding-window-limiter.ts'
export { TokenBucketLimiter, type TokenBucketOptions } from './limiters/token-bucket-limiter.ts'
export type { WindowLimiterOptions } from './limiters/window-limiter-options.ts'
export type { LimitOptions } from './limits/limit-options.ts'
export { DdosProtection } from './protection/ddos-protection.ts'
export type {
  BannedEvent,
  DdosProtectionOptions,
  Priority,
  ProtectionDecision,
} from './protection/protection-options.ts'
export type { CalendarPeriod } from './quotas/calendar-periods.ts'
export type {
  CalendarQuota,
  QuotaPlan,
  QuotasOptions,
  QuotaThresholdEvent,
  QuotaUsage,
  RollingQuota,
} from './quotas/quota-options.ts'
export {
  Quotas,
  type QuotaOutcome,
  type QuotaRequest,
  type QuotaReservation,
} from './quotas/quotas.ts'
export { RateLimitedError, type RateLimitedErrorCode } from './rate-limited-error.ts'
