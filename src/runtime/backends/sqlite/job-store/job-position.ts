import type { Clock } from '../../../ports/platform/clock.ts'
import type { RandomSource } from '../../../ports/platform/random-source.ts'

/** Where a ready job stands within its queue. */
export interface JobPosition {
  readonly priority: number
  readonly seq: number
}

const RANDOM_BYTES = 5
const PATTERN = /^([0-9a-z]{1,5})-(L?)([0-9a-z]{1,11})-[0-9a-z]{8}$/

/**
 * Makes an id that says where its job stands while it is ready, so that finding it by id needs no
 * index.
 */
export function makeJobId({ priority, seq }: JobPosition, random: RandomSource): string {
  let chance = 0
  for (const byte of random.bytes(RANDOM_BYTES)) chance = chance * 256 + byte
  const order = `${seq < 0 ? 'L' : ''}${Math.abs(seq).toString(36)}`
  return `${priority.toString(36)}-${order}-${chance.toString(36).padStart(8, '0')}`
}

/**
 * @returns The position that {@link makeJobId} put into the id, or `null` when it cannot be one of
 *   its making
 */
export function positionOfJobId(id: string): JobPosition | null {
  const [, priority, ahead, order] = PATTERN.exec(id) ?? []
  if (priority === undefined || order === undefined) return null
  const magnitude = Number.parseInt(order, 36)
  return { priority: Number.parseInt(priority, 36), seq: ahead === 'L' ? -magnitude : magnitude }
}

/** Numbers that order jobs and tell claims apart. */
export interface JobSequence {
  /** @returns A number above every one given before and above `floor` */
  next(floor?: number): number
}

/**
 * Room for this many numbers a millisecond before they run ahead of the clock; at 1024, 2^53 lasts
 * until the year 2248.
 */
const NUMBERS_A_MS = 1024

/**
 * Numbers that grow with the clock, so that they go on growing after a restart and from one process
 * to the next without a write of their own.
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
