import type { RandomSource } from '../../../ports/platform/random-source.ts'

/** Where a ready job stands within its queue. */
export interface JobPlace {
  readonly priority: number
  readonly seq: number
}

const RANDOM_BYTES = 5
const PATTERN = /^([0-9a-z]{1,5})-(L?)([0-9a-z]{1,11})-[0-9a-z]{8}$/

/** Makes an id that says where its job stands while it is ready, so that finding it by id needs no index. */
export function makeJobId({ priority, seq }: JobPlace, random: RandomSource): string {
  let chance = 0
  for (const byte of random.bytes(RANDOM_BYTES)) chance = chance * 256 + byte
  const order = `${seq < 0 ? 'L' : ''}${Math.abs(seq).toString(36)}`
  return `${priority.toString(36)}-${order}-${chance.toString(36).padStart(8, '0')}`
}

/** @returns The place that {@link makeJobId} put into the id, or `null` when it cannot be one of its making */
export function placeOfJobId(id: string): JobPlace | null {
  const [, priority, ahead, order] = PATTERN.exec(id) ?? []
  if (priority === undefined || order === undefined) return null
  const magnitude = Number.parseInt(order, 36)
  return { priority: Number.parseInt(priority, 36), seq: ahead === 'L' ? -magnitude : magnitude }
}
