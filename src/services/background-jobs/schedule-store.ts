import { fitText } from '../../primitives/fit-text.ts'
import type { StoreEntry, StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import { scheduleRecordOf, scheduleRecordToJson, type ScheduleRecord } from './schedule-record.ts'

/** A schedule with the version at which it was read, which whoever changes it must name. */
export interface StoredSchedule {
  readonly id: string
  readonly record: ScheduleRecord
  readonly version: number
}

/** Some of the schedules; `cursor` is `null` where these are the last. */
export interface StoredSchedulePage {
  readonly schedules: readonly StoredSchedule[]
  readonly cursor: string | null
}

/** The schedules of one queue, each of which changes in one atomic step. */
export interface ScheduleStore {
  read(id: string): Promise<StoredSchedule | null>
  /**
   * Writes over what was read, `null` for what was not there; without a record it is removed.
   *
   * @returns Whether it still stood there
   */
  write(id: string, before: StoredSchedule | null, record: ScheduleRecord | null): Promise<boolean>
  /** Up to `limit` of them, in an order of their own; `cursor` goes on after a page. */
  page(limit: number, cursor?: string): Promise<StoredSchedulePage>
}

/** An id of 256 characters may have 768 bytes, a key no more than 512. */
const KEY_CHARACTERS = 170

export function createScheduleStore(partition: StorePartition): ScheduleStore {
  return {
    async read(id) {
      const entry = await partition.get(await keyOf(id))
      return entry === null ? null : storedOf(entry)
    },

    async write(id, before, record) {
      const key = await keyOf(id)
      const check = [{ key, version: before?.version ?? null }]
      const change =
        record === null
          ? { delete: [key] }
          : { set: [{ key, value: { id, record: scheduleRecordToJson(record) } }] }
      return (await partition.commit({ check, ...change })).ok
    },

    async page(limit, cursor) {
      const page = await partition.list({ limit, ...(cursor !== undefined && { cursor }) })
      return {
        schedules: page.entries.flatMap((entry) => storedOf(entry) ?? []),
        cursor: page.cursor,
      }
    },
  }
}

function storedOf({ value, version }: StoreEntry): StoredSchedule | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { id, record: json } = value as { readonly [key: string]: Json }
  const record = scheduleRecordOf(json)
  return typeof id === 'string' && record !== null ? { id, record, version } : null
}

function keyOf(id: string): Promise<string> {
  return fitText(id, KEY_CHARACTERS)
}
