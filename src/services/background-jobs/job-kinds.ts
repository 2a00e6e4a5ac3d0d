import { isBatchDefinition, type BatchJobDefinition } from './batch-job.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { JobDefinition } from './define-job.ts'
import { createJobBatcher, type JobBatcher } from './job-batcher.ts'
import type { JobDefinitions } from './job-to-add.ts'

/** The kinds of job of one queue in this process. */
export interface JobKinds {
  readonly names: readonly string[]
  /** One that runs job by job: those of a batch meet in it. */
  find(name: string): JobDefinition | undefined
  /** Lets batches wait for nothing once `signal` has aborted. @returns Lets them wait again */
  hurryOn(signal: AbortSignal): () => void
  /**
   * @returns How many jobs a worker runs at once: as many as it was told, by default 16 or as many
   *   as the greatest batch has
   * @throws RangeError when it was told fewer than a batch has
   */
  concurrencyOf(given: number | undefined): number
}

const CONCURRENCY = 16

export function createJobKinds(definitions: JobDefinitions, clock: Clock): JobKinds {
  const kinds = new Map<string, JobDefinition>()
  const batchers: JobBatcher[] = []
  const sizes: { readonly name: string; readonly size: number }[] = []
  for (const [name, definition] of Object.entries(definitions)) {
    if (!isBatchDefinition(definition)) kinds.set(name, definition)
    else {
      const batcher = createJobBatcher(definition, clock)
      batchers.push(batcher)
      sizes.push({ name, size: definition.batch.size })
      kinds.set(name, oneByOne(definition, batcher))
    }
  }
  return {
    names: [...kinds.keys()],
    find: (name) => kinds.get(name),
    hurryOn(signal) {
      let calm: (() => void)[] = []
      const hurry = (): void => {
        calm = batchers.map((batcher) => batcher.hurry())
      }
      if (signal.aborted) hurry()
      else signal.addEventListener('abort', hurry, { once: true })
      return () => {
        signal.removeEventListener('abort', hurry)
        for (const one of calm) one()
      }
    },
    concurrencyOf(given) {
      if (given === undefined) return Math.max(CONCURRENCY, ...sizes.map(({ size }) => size))
      const short = sizes.find(({ size }) => size > given)
      if (short === undefined) return given
      throw new RangeError(
        `Cannot work job queue: concurrency is ${given}, at least the ${short.size} of batch.size of ${JSON.stringify(short.name)} expected`,
      )
    },
  }
}

function oneByOne(definition: BatchJobDefinition, { join }: JobBatcher): JobDefinition {
  const { input, options, concurrency, rateLimit, breaker, backoff } = definition
  return {
    ...(input !== undefined && { input }),
    ...(options !== undefined && { options }),
    ...(concurrency !== undefined && { concurrency }),
    ...(rateLimit !== undefined && { rateLimit }),
    ...(breaker !== undefined && { breaker }),
    ...(backoff !== undefined && { backoff: (...args) => backoff.apply(definition, args) }),
    run: join,
  }
}
