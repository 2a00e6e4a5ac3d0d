export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { JobAbortError, type JobAbortErrorCode } from '../../ports/job-store/job-abort-error.ts'
export { durableObjects, type DurableObjectsOptions } from './durable-objects.ts'
export { InfrastructureObject } from './infrastructure-object.ts'
export type { DispatchLimits } from './job-dispatcher.ts'
export {
  jobRunner,
  type JobProcessors,
  type JobRunnerClass,
  type JobRunnerEntrypoint,
} from './job-runner.ts'
export type { DurableObjectNamespaceLike } from './object-caller.ts'
