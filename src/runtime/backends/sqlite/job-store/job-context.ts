import type { KeptBounds } from '../../../ports/job-store/kept-bounds.ts'
import type { LeaseClock } from '../../../ports/job-store/lease-clock.ts'
import type { Clock } from '../../../ports/platform/clock.ts'
import type { RandomSource } from '../../../ports/platform/random-source.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import type { ChildTable } from './child-table.ts'
import type { EventLog } from './event-log.ts'
import type { DeduplicationTable, FollowUpTable } from './deduplication.ts'
import type { GroupTable } from './group-gate.ts'
import type { JobCounts } from './job-counts.ts'
import type { JobSequence } from './job-position.ts'
import type { JobTable } from './job-table.ts'

/** What the operations of a job store work on. */
export interface JobContext {
  readonly db: SqlDatabase
  readonly clock: Clock
  readonly random: RandomSource
  readonly jobs: JobTable
  readonly counts: JobCounts
  readonly groups: GroupTable
  readonly children: ChildTable
  readonly followUps: FollowUpTable
  readonly deduplication: DeduplicationTable
  readonly sequence: JobSequence
  readonly leases: LeaseClock
  /** Of one call. */
  readonly bounds: KeptBounds
  /** Of one call. */
  readonly events: EventLog
  /** How many jobs one call has given their attempts again. */
  readonly retried: { count: number }
}
