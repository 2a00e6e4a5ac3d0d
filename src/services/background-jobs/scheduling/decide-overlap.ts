import { ScheduleError } from './schedule-error.ts'

/**
 * What a run does while the one before has not finished: run beside it (`allow`), not run (`skip`),
 * or wait for it, but only if no other run waits already (`queue-one`).
 */
export type OverlapPolicy = 'allow' | 'skip' | 'queue-one'

/** Earlier runs of the same schedule that have not finished. */
export interface UnfinishedRuns {
  /** One is running. */
  readonly active: boolean
  /** One waits: for its turn in the queue, for its next attempt, or for a running one to finish. */
  readonly waiting: boolean
}

/**
 * @returns `run` it now, let it `wait` until the running one has finished, or `drop` it
 * @throws {ScheduleError} `bad_overlap`
 */
export function decideOverlap(
  policy: OverlapPolicy,
  { active, waiting }: UnfinishedRuns,
): 'run' | 'wait' | 'drop' {
  switch (policy) {
    case 'allow':
      return 'run'
    case 'skip':
      return active || waiting ? 'drop' : 'run'
    case 'queue-one':
      if (waiting) return 'drop'
      return active ? 'wait' : 'run'
    default:
      throw new ScheduleError(
        'bad_overlap',
        "Cannot use overlap: it is no known policy, it should be 'allow', 'skip' or 'queue-one'",
      )
  }
}
