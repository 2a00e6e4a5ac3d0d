export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { memory, type MemoryBackend, type MemoryOptions } from './memory.ts'
export { memoryRateLimits, type MemoryRateLimitsOptions } from './memory-rate-limits.ts'
