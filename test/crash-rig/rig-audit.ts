import type { JobRecord } from '../../src/runtime/ports/job-store/job-store.ts'
import type { RigNote } from './rig-journal.ts'
import type { PlannedFlow } from './rig-plan.ts'
import { notesOf, type Noted, type RigRemains } from './rig-remains.ts'
import { auditLimits } from './audit-limits.ts'
import { auditSagas } from './audit-sagas.ts'

/** By default; once more, and the job is dead. */
const MAX_CRASHES = 3

/** What an audit has found. */
export interface RigFindings {
  /** One sentence for each promise that was broken. */
  readonly faults: readonly string[]
  /** Of interest: how many of what. */
  readonly figures: Readonly<Record<string, number>>
}

/** Holds what a run left to what was promised. */
export function auditRig(remains: RigRemains): RigFindings {
  const { notes, records, plan } = remains
  const limits = auditLimits(remains)
  const ended = auditEnds(remains)
  return {
    faults: [
      ...ended,
      ...auditTokens(remains),
      ...limits.faults,
      ...auditFlows(remains),
      ...auditSchedules(remains),
      ...auditUnique(remains),
      ...auditEvents(remains),
      ...auditSagas(remains),
    ],
    figures: {
      accepted: new Set(notesOf(notes, 'added').map(({ id }) => id)).size,
      completed: records.filter(({ state }) => state === 'completed').length,
      dead: records.filter(({ state }) => state === 'dead').length,
      cancelled: records.filter(({ state }) => state === 'cancelled').length,
      attempts: notesOf(notes, 'begun').length,
      abortedAttempts: notesOf(notes, 'aborted').length,
      sagas: plan.sagas,
      ticks: plan.schedules.reduce((sum, { limit }) => sum + limit, 0),
      longestOverlapMs: Math.round(limits.longestOverlapMs),
    },
  }
}

/** Nothing accepted is lost, and each job ends once, as it was to end. */
function auditEnds({ plan, notes, records, events }: RigRemains): readonly string[] {
  const faults: string[] = []
  const byId = new Map(records.map((record) => [record.id, record]))
  const stalls = new Map<string, number>()
  for (const event of events)
    if (event.type === 'stalled') stalls.set(event.id, (stalls.get(event.id) ?? 0) + 1)
  const flows = new Map<string, PlannedFlow>()
  const note = (flow: PlannedFlow): void => {
    flows.set(flow.id, flow)
    flow.children.forEach(note)
  }
  for (const { act } of plan.acts) if (act.type === 'flow') note(act.flow)
  const hasCrashed = (flow: PlannedFlow | undefined): boolean =>
    flow?.children.some(
      (child) => codeOf(byId.get(child.id)?.lastError) === 'lease_lost' || hasCrashed(child),
    ) ?? false
  for (const { id, kind } of notesOf(notes, 'added')) {
    const record = byId.get(id)
    if (record === undefined) {
      faults.push(`${id} was accepted and is lost`)
      continue
    }
    const { state, lastError } = record
    const expected = kind === 'hopeless' ? 'dead' : 'completed'
    // So many kills hit a long job more often than it survives, and then that is its end.
    if (
      state === 'dead' &&
      codeOf(lastError) === 'lease_lost' &&
      (stalls.get(id) ?? 0) >= MAX_CRASHES
    )
      continue
    if (state === 'dead' && codeOf(lastError) === 'child_failed' && hasCrashed(flows.get(id)))
      continue
    if (state !== expected && state !== 'cancelled')
      faults.push(`${id} is ${state}, not ${expected}: ${JSON.stringify(lastError)}`)
  }
  const finished = new Map<string, number>()
  for (const note of notes) {
    if (note.what === 'settled' && note.to !== 'scheduled') {
      if (finished.has(note.id)) faults.push(`${note.id} ended twice`)
      finished.set(note.id, note.token)
    }
    if (note.what === 'begun' && note.token > (finished.get(note.id) ?? Infinity))
      faults.push(`${note.id} began again after it had ended`)
  }
  return faults
}

function codeOf(error: JobRecord['lastError'] | undefined): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code
}

/** Of all that claims one token at most one outcome is taken, and tokens grow. */
function auditTokens({ notes, records }: RigRemains): readonly string[] {
  const faults: string[] = []
  const settled = new Set<string>()
  for (const { id, token } of notesOf(notes, 'settled')) {
    if (settled.has(`${id} ${token}`)) faults.push(`${id} has two outcomes under token ${token}`)
    settled.add(`${id} ${token}`)
  }
  const begun = new Map<string, Noted<'begun'>>()
  for (const note of notesOf(notes, 'begun')) {
    const before = begun.get(note.id)
    if (before !== undefined && before.token >= note.token && !wasStopped(notes, note))
      faults.push(`${note.id} began under token ${note.token} after ${before.token}`)
    if (note.token >= (before?.token ?? 0)) begun.set(note.id, note)
  }
  for (const { id, state, result, token } of records) {
    if (state !== 'completed') continue
    const told = (result as { readonly token?: unknown } | null)?.token
    if (told !== token)
      faults.push(`${id} completed under token ${token} with ${String(told)}'s result`)
    if (begun.get(id)?.token !== token)
      faults.push(`${id} completed under a token that never began`)
  }
  return faults
}

/** Whether the process stood still until just before; its going on may be noted a little later. */
function wasStopped(notes: readonly RigNote[], { pid, at }: RigNote): boolean {
  return notesOf(notes, 'continued').some(
    (note) => note.pid === pid && Math.abs(at - note.at) < 1000,
  )
}

/** A parent begins once all its children have ended, and sees what they came to. */
function auditFlows({ plan, notes, records }: RigRemains): readonly string[] {
  const faults: string[] = []
  const states = new Map(records.map(({ id, state }) => [id, state]))
  const lastEnd = new Map<string, number>()
  const firstBegin = new Map<string, Noted<'begun'>>()
  notes.forEach((note, index) => {
    if (note.what === 'begun' && note.kind === 'parent' && !firstBegin.has(note.id))
      firstBegin.set(note.id, note)
    if (note.what === 'ended' && !lastEnd.has(note.id)) lastEnd.set(note.id, index)
  })
  const accepted = new Set(notesOf(notes, 'added').map(({ id }) => id))
  const look = (flow: PlannedFlow): void => {
    for (const child of flow.children) look(child)
    const begin = firstBegin.get(flow.id)
    if (flow.children.length === 0 || !accepted.has(flow.id) || begin === undefined) return
    for (const { id } of flow.children) {
      if (states.get(id) === 'cancelled') continue
      if ((lastEnd.get(id) ?? Infinity) > notes.indexOf(begin))
        faults.push(`${flow.id} began before its child ${id} had ended`)
    }
    const expected = flow.children.map(({ id }) => `${id} ${states.get(id)}`).toSorted()
    if (begin.children?.join() !== expected.join())
      faults.push(`${flow.id} saw ${begin.children?.join()}, not ${expected.join()}`)
  }
  for (const { act } of plan.acts) if (act.type === 'flow') look(act.flow)
  return faults
}

/** Each schedule has run as often as it was to, each tick once. */
function auditSchedules({ plan, notes, records }: RigRemains): readonly string[] {
  return plan.schedules.flatMap(({ id, limit }) => {
    const ticks = records.filter((record) => record.id.startsWith(`${id}@`))
    const began = new Set(
      notesOf(notes, 'begun')
        .filter((note) => note.kind === 'tick' && note.id.startsWith(`${id}@`))
        .map((note) => note.id),
    )
    return ticks.length === limit && began.size === limit
      ? []
      : [`${id} ran ${ticks.length} times (${began.size} began), not ${limit}`]
  })
}

/** The fleet's events tell of every job, each end once, and none was missed. */
function auditEvents({ events, records, notes }: RigRemains): readonly string[] {
  const faults: string[] = []
  if (events.some(({ type }) => type === 'missed')) faults.push('events were missed')
  const ended = new Map<string, string>()
  const claims = new Map<string, number>()
  for (const event of events) {
    if (!('id' in event)) continue
    const { id, type } = event
    if (ended.has(id)) faults.push(`${id} is ${type} after it was ${ended.get(id)}, by the events`)
    if (type === 'completed' || type === 'dead' || type === 'cancelled') ended.set(id, type)
    if (type === 'active') claims.set(id, (claims.get(id) ?? 0) + 1)
  }
  for (const { id, state } of records)
    if (ended.get(id) !== state) faults.push(`${id} is ${state}, by the events ${ended.get(id)}`)
  const begun = new Map<string, number>()
  for (const { id } of notesOf(notes, 'begun')) begun.set(id, (begun.get(id) ?? 0) + 1)
  for (const [id, count] of begun)
    if (count > (claims.get(id) ?? 0))
      faults.push(`${id} began ${count} times and was claimed ${claims.get(id) ?? 0} times`)
  return faults
}

/** A deduplication id is taken again only once its holder has ended. */
function auditUnique({ notes, records }: RigRemains): readonly string[] {
  const faults: string[] = []
  const holders = new Map<string, string>()
  const cancelled = new Set(
    records.filter(({ state }) => state === 'cancelled').map(({ id }) => id),
  )
  const ended = new Set<string>()
  for (const note of notes) {
    if (note.what === 'ended' && note.ok) ended.add(note.id)
    if (note.what !== 'added' || note.unique === undefined) continue
    const holder = holders.get(note.unique)
    if (holder !== undefined && !ended.has(holder) && !cancelled.has(holder))
      faults.push(`${note.id} was added as ${note.unique} although ${holder} had not ended`)
    holders.set(note.unique, note.id)
  }
  return faults
}
