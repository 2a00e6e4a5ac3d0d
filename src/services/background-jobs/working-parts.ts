/**
 * What a queue needs to be worked and mended, and to have flows: loaded when it is first used, all
 * at once. A program that adds jobs starts without it.
 */
export { changeJob } from './change-job.ts'
export { createJobWorker } from '../../runtime/workers/job-worker.ts'
export { standInOf } from './flow-relay.ts'
export { createLimitChanges } from './book-anew.ts'
export { createQueueProcessor } from './queue-processor.ts'
export { layOutFlow } from './lay-out-flow.ts'
export { redriveJobs } from './redrive.ts'
