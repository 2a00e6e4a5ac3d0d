import { checkInteger } from '../../../primitives/check-range.ts'

/** What an operator has asked of one group, for as long as it is not asked otherwise. */
export interface GroupControl {
  /** No job of the group is claimed; running ones go on. */
  readonly paused: boolean
  /** Stands for the `group.limit` of each of its jobs; `null` for theirs. */
  readonly limit: number | null
}

/** A group as an observer sees it. */
export interface GroupRecord extends GroupControl {
  /** Jobs of the group that are ready or active: what its limit counts. */
  readonly admitted: number
  /** Jobs that wait for room in the group. */
  readonly held: number
}

/** What counts for one group: what was asked of it, or else of all groups of its prefix. */
export interface GroupTerms extends GroupControl {
  /** What stands for the `group.limit` of each job of the prefix; `null` for theirs. */
  readonly shared: number | null
}

/** In how many groups held jobs take their room at once where a prefix is given more. */
export const MOST_GROUPS_ADMITTED = 1000

/** A group of which nothing was asked. */
export const UNCONTROLLED: GroupControl = { paused: false, limit: null }

/** Whether one more job of a group may become ready. */
export function hasRoom(admitted: number, ownLimit: number, terms: GroupTerms): boolean {
  return !terms.paused && admitted < (terms.limit ?? terms.shared ?? ownLimit)
}

/**
 * Whether a ready job of a group may be claimed, or is held instead: since it became ready, its
 * group may have been paused, or been given less room.
 *
 * @param active How many of the group's jobs are active; asked only where it matters
 */
export function mayClaim(admitted: number, terms: GroupTerms, active: () => number): boolean {
  if (terms.paused) return false
  const limit = terms.limit ?? terms.shared
  return limit === null || admitted <= limit || active() < limit
}

/** @returns The control as a command changes it, `null` where it changes nothing */
export function changedControl(
  before: GroupControl,
  { paused = before.paused, limit = before.limit }: Partial<GroupControl>,
): GroupControl | null {
  return paused === before.paused && limit === before.limit ? null : { paused, limit }
}

/** Whether held jobs may find room once the limit of a prefix has become another. */
export function mayAdmit(before: number | null, after: number | null): boolean {
  return before === null || after === null || after > before
}

/** @throws RangeError or TypeError when a key or a limit is out of range */
export function checkGroupControl(key: string, limit: number | null | undefined): void {
  checkGroupKey(key)
  if (limit !== undefined && limit !== null) checkInteger('limit group', 'limit', limit, 1, 1000)
}

/** @throws RangeError or TypeError when it is no key of a group */
export function checkGroupKey(key: string): void {
  const given: unknown = key
  if (typeof given !== 'string')
    throw new TypeError(`Cannot control group: its key is a ${typeof given}, text expected`)
  if (key.length < 1 || key.length > 256 || !key.isWellFormed())
    throw new RangeError('Cannot control group: 1 to 256 well-formed characters of a key expected')
}
