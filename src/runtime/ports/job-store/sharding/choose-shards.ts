import type { NewJob } from '../job-store.ts'

/** Where jobs belong. */
export interface ShardChoice {
  ofId(id: string): number
  ofKey(key: string): number
  /** For jobs that may be kept anywhere. */
  readonly otherwise: number
}

/**
 * Chooses the shard of each job of one `add`: a flow stays together where its root's id belongs,
 * all other jobs go where their id, deduplication id or group key belongs.
 *
 * @throws TypeError when more than one of these would choose for the same job: each must find its
 *   likes in one shard
 */
export function chooseShards(jobs: readonly NewJob[], choice: ShardChoice): readonly number[] {
  const parents = new Set(jobs.map(({ parent }) => parent))
  const roots = new Map<string, string>()
  return jobs.map(({ id, parent, deduplication, group }) => {
    const isRoot = parent === undefined && id !== undefined && parents.has(id)
    const root = isRoot ? id : roots.get(parent ?? '')
    if (id !== undefined && root !== undefined) roots.set(id, root)
    const anchor = root ?? id
    // A deduplication id that is the job's own chooses the same shard.
    const dedup = deduplication?.id === anchor ? undefined : deduplication?.id
    const [key, ...otherKeys] = [dedup, group?.key].filter((text) => text !== undefined)
    if (otherKeys.length > 0 || (anchor !== undefined && key !== undefined))
      throw new TypeError(
        'Cannot add job: its id or flow, its deduplication id and its group would each choose the shard, one of them expected',
      )
    if (anchor !== undefined) return choice.ofId(anchor)
    return key === undefined ? choice.otherwise : choice.ofKey(key)
  })
}
