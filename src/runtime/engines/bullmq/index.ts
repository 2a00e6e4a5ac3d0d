export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { JobAbortError, type JobAbortErrorCode } from '../../ports/job-store/job-abort-error.ts'
export { BullmqVersionError } from './bullmq-version-error.ts'
export { SidecarError } from '../../sidecar/sidecar-error.ts'
export type { SidecarErrorCode } from '../../sidecar/sidecar-wire.ts'
export type { SidecarKey } from '../../sidecar/sidecar-signature.ts'
export {
  bullmqBridgeHandler,
  type BullmqBridgeEvent,
  type BullmqBridgeOptions,
} from './bullmq-bridge-handler.ts'
export type { BullmqJob, BullmqJobProcessor } from './bullmq-job.ts'
export { bullmqProcessor, type BullmqProcessorOptions } from './bullmq-processor.ts'
export {
  bullmqQueue,
  type AddedBullmqJob,
  type BullmqJobToAdd,
  type BullmqQueue,
  type BullmqQueueOptions,
} from './bullmq-queue.ts'
export type { BullmqBackoff, BullmqJobOptions, BullmqKeep } from './job-options.ts'
export type {
  CallingClient,
  CommandingClient,
  EvaluatingClient,
  ScriptClient,
  SendingClient,
} from './script-client.ts'
export { LockError, type LockErrorCode } from '../../coordination/locks/lock-error.ts'
