import type { JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { LimitChanges, LimitChangesOptions } from './book-anew.ts'
import { isRelayed } from './flow-child.ts'
import type { QueueProcessorOptions } from './queue-processor.ts'
import type * as workingParts from './working-parts.ts'

/** The code that is loaded late. */
export type WorkingParts = typeof workingParts

/** What is loaded when a queue is first worked, and what is made of it. */
export interface QueueWork {
  readonly processor: JobProcessor
  load(): Promise<LoadedWork>
}

/** {@link QueueWork} that is there. */
export interface LoadedWork extends WorkingParts {
  readonly processor: JobProcessor
  readonly limits: LimitChanges
}

/** Works a queue by code that is loaded when it is first needed. */
export function createQueueWork(
  options: Omit<QueueProcessorOptions, 'tellLimits'> & {
    readonly limits: Omit<LimitChangesOptions, 'queue' | 'jobStore' | 'rateLimit' | 'clock'>
    /** Hears that more may run. */
    readonly onReady: () => void
  },
): QueueWork {
  const { queue, definitionOf, onReady } = options
  // What was loaded is kept, not the promise: on Workers a promise of one request must not be
  // awaited in another.
  let loaded: LoadedWork | undefined

  async function load(): Promise<LoadedWork> {
    if (loaded !== undefined) return loaded
    const parts = await import('./working-parts.ts')
    if (loaded !== undefined) return loaded
    const limits = parts.createLimitChanges({ ...options, ...options.limits })
    const tellLimits = () => limits.tell(onReady)
    loaded = { ...parts, limits, processor: parts.createQueueProcessor({ ...options, tellLimits }) }
    return loaded
  }

  return {
    load,
    processor: {
      queue,
      knows: ({ name }) => isRelayed(name) || definitionOf(name) !== undefined,
      // One that is there costs a job nothing.
      process: (job, control) =>
        loaded === undefined
          ? load().then(({ processor }) => processor.process(job, control))
          : loaded.processor.process(job, control),
    },
  }
}
