export { configureInfrastructure, type InfrastructureOptions } from './configure-infrastructure.ts'
export { BackendError, InfrastructureError, NotConfiguredError } from './runtime/ports/index.ts'
export {
  CircuitBreaker,
  CircuitOpenError,
  createJob,
  defineJob,
  DistributedLock,
  JobError,
  JobQueue,
  nextRuns,
  RetryLaterError,
  saga,
  SagaOrchestrator,
  scheduleJob,
  Semaphore,
  UnrecoverableError,
} from './services/background-jobs/index.ts'
export {
  batchWebhooks,
  configureWebhooks,
  createWebhooks,
  deliverWebhook,
  generateWebhookKeyPair,
  generateWebhookSecret,
  handleWebhooks,
  readWebhook,
  retryWebhook,
  signWebhook,
  verifyWebhook,
  WebhookError,
  WebhookVerificationError,
} from './services/webhooks/index.ts'
