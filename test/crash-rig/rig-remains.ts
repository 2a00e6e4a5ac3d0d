import type { JobRecord } from '../../src/runtime/ports/job-store/job-store.ts'
import type { SagaView } from '../../src/runtime/coordination/index.ts'
import type { FleetEvent } from '../../src/services/background-jobs/index.ts'
import type { RigNote } from './rig-journal.ts'
import type { RigPlan } from './rig-plan.ts'

/** What a run of the rig left. */
export interface RigRemains {
  readonly plan: RigPlan
  readonly notes: readonly RigNote[]
  /** Every job that the store holds. */
  readonly records: readonly JobRecord[]
  readonly sagas: readonly { readonly fails: boolean; readonly saga: SagaView | null }[]
  /** What the job store recorded of the whole fleet. */
  readonly events: readonly FleetEvent[]
  /** Samples of how many jobs of a key were active, as the store said at one moment. */
  readonly samples: readonly ReadonlyMap<string, number>[]
}

/** Notes of one kind. */
export type Noted<What extends RigNote['what']> = Extract<RigNote, { readonly what: What }>

export function notesOf<What extends RigNote['what']>(
  notes: readonly RigNote[],
  what: What,
): readonly Noted<What>[] {
  return notes.filter((note): note is Noted<What> => note.what === what)
}
