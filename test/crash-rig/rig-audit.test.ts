import { expect, test } from 'vitest'
import type { JobRecord } from '../../src/runtime/ports/job-store/job-store.ts'
import type { FleetEvent } from '../../src/services/background-jobs/index.ts'
import type { SagaView } from '../../src/runtime/coordination/index.ts'
import { auditRig } from './rig-audit.ts'
import type { RigFact, RigNote } from './rig-journal.ts'
import { planRig, type PlannedFlow } from './rig-plan.ts'
import { STEPS } from './rig-queue.ts'
import type { RigRemains } from './rig-remains.ts'

const NO_DATA = { workMs: 0, failures: 0, key: '', next: 0 }
const leaf = (id: string): PlannedFlow => ({
  ...{ id, kind: 'work', data: NO_DATA, delayMs: 0, priority: 0, ignores: false, children: [] },
})

function record(id: string, token: number, more: Partial<JobRecord> = {}): JobRecord {
  return {
    ...{ id, name: 'work', data: null, options: null, token, attempt: 1, maxAttempts: 1 },
    ...{ priority: 0, addedAt: 0, lastError: null, state: 'completed', at: 0, progress: null },
    ...{ result: { token }, cancelRequested: false },
    ...more,
  }
}

function journal(
  ...facts: (RigFact & { readonly at?: number; readonly pid?: number })[]
): RigNote[] {
  return facts.map((fact, index) => ({ at: index, pid: 1, ...fact }))
}

const begun = (id: string, token: number) =>
  ({ what: 'begun', id, kind: 'work', token }) as const satisfies RigFact
const ended = (id: string, token: number) =>
  ({ what: 'ended', id, token, ok: true }) as const satisfies RigFact
const settled = (id: string, token: number, to = 'completed') =>
  ({ what: 'settled', id, token, to }) as const satisfies RigFact
const added = (id: string) => ({ what: 'added', id, kind: 'work' }) as const satisfies RigFact
const keyed = (id: string, at: number) => ({ ...begun(id, 1), key: 'k', at })

function remains(given: Partial<RigRemains>): RigRemains {
  const plan = { acts: [], endsMs: 0, schedules: [], sagas: 0, jobs: 0 }
  return { plan, notes: [], records: [], sagas: [], events: [], samples: [], ...given }
}

const GOOD_EVENTS: readonly FleetEvent[] = (['added', 'active', 'completed'] as const).map(
  (type, index) => ({ type, cursor: String(index), id: 'a', name: 'work', attempt: 1, at: 0 }),
)

const GOOD = [added('a'), begun('a', 1), ended('a', 1), settled('a', 1)]

test('auditRig() finds nothing where everything was kept', () => {
  const found = auditRig(
    remains({ notes: journal(...GOOD), records: [record('a', 1)], events: GOOD_EVENTS }),
  )
  expect(found.faults).toEqual([])
  expect(found.figures).toMatchObject({ accepted: 1, completed: 1, attempts: 1 })
})

test('auditRig() takes a job as dead by crashes only where as many were seen as it survives', () => {
  const lastError = { code: 'lease_lost' }
  const records = [record('a', 1, { state: 'dead', lastError })]
  const audit = (stalls: number) => {
    const types = [...Array<'stalled'>(stalls).fill('stalled'), 'dead'] as const
    const events = types.map((type, index): FleetEvent => ({
      ...{ type, cursor: String(index), id: 'a', name: 'work', attempt: 1, at: 0 },
    }))
    return auditRig(remains({ notes: journal(added('a')), records, events })).faults
  }
  expect(audit(3)).toEqual([])
  expect(audit(2)).toEqual(['a is dead, not completed: {"code":"lease_lost"}'])
})

test.each<[string, Partial<RigRemains>]>([
  ['a was accepted and is lost', { notes: journal(added('a')) }],
  [
    'a is active, not completed: null',
    { notes: journal(added('a')), records: [record('a', 1, { state: 'active' })] },
  ],
  ['a ended twice', { notes: journal(...GOOD, settled('a', 2)), records: [record('a', 1)] }],
  [
    'a began again after it had ended',
    { notes: journal(...GOOD, begun('a', 2)), records: [record('a', 1)] },
  ],
  [
    'a has two outcomes under token 1',
    { notes: journal(...GOOD, settled('a', 1, 'scheduled')), records: [record('a', 1)] },
  ],
  [
    'a began under token 1 after 2',
    { notes: journal(begun('a', 2), begun('a', 1)), records: [record('a', 2)] },
  ],
  [
    "a completed under token 1 with 7's result",
    { notes: journal(...GOOD), records: [record('a', 1, { result: { token: 7 } })] },
  ],
  [
    'a completed under a token that never began',
    { notes: journal(...GOOD), records: [record('a', 3)] },
  ],
  ['3 jobs of k were active, not 2', { samples: [new Map([['k', 3]])] }],
  [
    '3 jobs of k ran at once for 1999 ms',
    {
      notes: journal(
        ...[keyed('x', 0), keyed('y', 0), keyed('z', 1)],
        ...['x', 'y', 'z'].map((id) => ({ ...ended(id, 1), at: 2000 })),
      ),
    },
  ],
  [
    'x ran twice at once for 1500 ms',
    {
      notes: journal(
        begun('x', 1),
        { ...begun('x', 2), at: 500, pid: 2 },
        { ...ended('x', 1), at: 2000 },
        { ...ended('x', 2), at: 2100, pid: 2 },
      ),
    },
  ],
  [
    '41 limited attempts began within 0 ms',
    {
      notes: journal(
        ...Array.from({ length: 41 }, (_, index) => ({
          ...{ ...begun(`l${index}`, 1), kind: 'limited', at: 0 },
        })),
      ),
    },
  ],
  [
    'p began before its child c had ended',
    {
      plan: {
        ...{ endsMs: 0, schedules: [], sagas: 0, jobs: 0 },
        acts: [
          {
            atMs: 0,
            act: { type: 'flow', flow: { ...leaf('p'), kind: 'parent', children: [leaf('c')] } },
          },
        ],
      },
      notes: journal(
        added('p'),
        { ...begun('p', 1), kind: 'parent', children: ['c completed'] },
        ended('c', 1),
      ),
      records: [record('p', 1), record('c', 1)],
    },
  ],
  [
    'tick-0 ran 1 times (0 began), not 2',
    {
      plan: {
        ...{ acts: [], endsMs: 0, sagas: 0, jobs: 0 },
        schedules: [{ id: 'tick-0', limit: 2 }],
      },
      records: [record('tick-0@1', 1)],
    },
  ],
  [
    'b was added as u although a had not ended',
    { notes: journal({ ...added('a'), unique: 'u' }, { ...added('b'), unique: 'u' }) },
  ],
  ['events were missed', { events: [{ type: 'missed', cursor: '1' }] }],
  ['a is completed, by the events undefined', { records: [record('a', 1)] }],
  [
    'a is active after it was completed, by the events',
    { events: [...GOOD_EVENTS, ...GOOD_EVENTS.slice(1)] },
  ],
  ['a began 1 times and was claimed 0 times', { notes: journal(begun('a', 1)) }],
  ['saga-0 was accepted and is lost', { sagas: [{ fails: false, saga: null }] }],
  [
    'saga-0 took its steps as charge,reserve,ship, not reserve,charge,ship',
    {
      // Only what is looked at.
      sagas: [{ fails: false, saga: { id: 'saga-0', status: 'completed' } as unknown as SagaView }],
      notes: journal(
        ...['charge', 'reserve', 'ship'].flatMap((step, fence) =>
          (['begins', 'ends'] as const).map(
            (phase) => ({ what: 'step', saga: 'saga-0', step, phase, fence, key: step }) as const,
          ),
        ),
      ),
    },
  ],
])('auditRig() finds: %s', (fault, given) => {
  expect(auditRig(remains(given)).faults).toContain(fault)
})

test('a process that was killed or stood still no longer counts as running', () => {
  const notes = journal(
    begun('x', 1),
    { what: 'stopped', at: 100 },
    { ...begun('x', 2), at: 5000, pid: 2 },
    { what: 'killed', at: 5100, pid: 2 },
    { ...begun('x', 3), at: 9000, pid: 3 },
    { ...ended('x', 3), at: 9100, pid: 3 },
  )
  const events = ['active', 'active', 'active', 'completed'].map((type, index) => ({
    ...{ type: type as 'active', cursor: String(index), id: 'x', name: 'work', attempt: 1, at: 0 },
  }))
  expect(auditRig(remains({ notes, events, records: [record('x', 3)] })).faults).toEqual([])
})

test('planRig() follows from its seed, with what it was asked for', () => {
  const options = {
    ...{ jobs: 500, kills: 8, minutes: 1, workers: 3, killsStore: true, stepsClock: true },
  }
  const plan = planRig({ ...options, seed: 5 })
  expect(planRig({ ...options, seed: 5 })).toEqual(plan)
  expect(planRig({ ...options, seed: 6 })).not.toEqual(plan)
  const types = plan.acts.map(({ act }) => act.type)
  expect(types.filter((type) => type === 'kill')).toHaveLength(8)
  expect(types.filter((type) => type === 'stop')).toHaveLength(2)
  expect(types.filter((type) => type === 'kill-store')).toHaveLength(2)
  expect(plan.acts.every(({ atMs }, index) => atMs >= (plan.acts[index - 1]?.atMs ?? 0))).toBe(true)
  expect(STEPS).toHaveLength(3)
})
