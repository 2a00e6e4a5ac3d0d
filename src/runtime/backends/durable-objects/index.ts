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
