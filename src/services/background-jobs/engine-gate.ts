import { fitText } from '../../primitives/fit-text.ts'
import { isInstance, readThrown } from '../../primitives/read-thrown.ts'
import { BackendError } from '../../runtime/ports/backend-error.ts'
import type { Backend } from '../../runtime/ports/backend.ts'
import type { ClaimedJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobEngine } from '../../runtime/ports/job-store/job-processor.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { JobDefinition } from './define-job.ts'
import { limitKeyOf } from './limit-key.ts'
import { groupKeyOf } from './new-job.ts'
import type { Attempt } from './run-attempt.ts'

/** Keeps a kind's `concurrency` where an engine hands out the jobs, which knows no groups. */
export type EngineGate = (
  definition: JobDefinition,
  job: ClaimedJob,
  engine: JobEngine,
  run: () => Promise<Attempt>,
) => Promise<Attempt>

/** What {@link createEngineGate} needs. */
export interface EngineGateOptions {
  readonly queue: string
  readonly backend: Pick<Backend, 'store'>
  readonly clock: Clock
  readonly random: RandomSource
}

/** A key of a semaphore has 500 bytes at most. */
const KEY_CHARACTERS = 160
const LOOK_MS = 1000

export function createEngineGate({ queue, backend, clock, random }: EngineGateOptions): EngineGate {
  return async (definition, { name, data }, engine, run) => {
    const { concurrency } = definition
    if (concurrency === undefined) return run()
    const partition = `jobs:${queue}:slots`
    const { limit } = concurrency
    const semaphore = engine.semaphore({ backend, limit, partition, clock, random })
    const made: Attempt[] = []
    try {
      const key = await groupKeyOf(name, limitKeyOf(name, concurrency.key?.(data)))
      await semaphore.withSlot(await fitText(key, KEY_CHARACTERS), async () => {
        made.push(await run())
      })
    } catch (thrown) {
      // An attempt that was made counts, whatever became of its slot.
      const mayComeAgain =
        readThrown(thrown).code === 'lock_held' || isInstance(thrown, BackendError)
      if (made.length === 0 && !mayComeAgain) throw thrown
    }
    const delayMs = Math.ceil(LOOK_MS * (0.5 + random.fraction()))
    return made[0] ?? { outcome: { to: 'scheduled', delayMs, refund: true } }
  }
}
