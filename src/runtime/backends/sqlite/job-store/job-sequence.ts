import type { Clock } from '../../../ports/platform/clock.ts'

/** Numbers that order jobs and tell claims apart. */
export interface JobSequence {
  /** @returns A number above every one given before and above `floor` */
  next(floor?: number): number
}

/** Room for this many numbers a millisecond before they run ahead of the clock; at 1024, 2^53 lasts until the year 2248. */
const NUMBERS_A_MS = 1024

/**
 * Numbers that grow with the clock, so that they go on growing after a restart and from one process to the next without
 * a write of their own.
 */
export function createJobSequence(clock: Clock): JobSequence {
  let last = 0
  return {
    next(floor = 0) {
      last = Math.max(last + 1, floor + 1, clock.now() * NUMBERS_A_MS)
      return last
    },
  }
}
