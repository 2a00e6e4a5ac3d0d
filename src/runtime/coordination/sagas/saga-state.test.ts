import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  begun,
  calledOff,
  failed,
  givenUp,
  isEnded,
  isSamePlan,
  mismatched,
  newSaga,
  resultsOf,
  retried,
  skipped,
  succeeded,
  type SagaFailure,
  type SagaPlanStep,
  type SagaState,
  type SagaTask,
} from './saga-state.ts'

const ERROR: SagaFailure = { name: 'Error', code: null, message: 'no' }
const PLAN: readonly SagaPlanStep[] = [
  { name: 'a', pivot: false, undoable: true },
  { name: 'b', pivot: false, undoable: false },
  { name: 'c', pivot: true, undoable: true },
  { name: 'd', pivot: false, undoable: false },
]

test('begun() writes the attempt down and gives up what has used all its attempts', () => {
  const first = begun(newSaga(1, PLAN, null), () => 1)
  expect(first.task).toEqual({ kind: 'execute', step: 0 })
  expect(first.saga.steps[0]).toMatchObject({ state: 'started', attempts: 1 })
  const second = begun(first.saga, () => 1)
  expect(second.task).toEqual({ kind: 'compensate', step: 0 })
  expect(second.saga.cause).toMatchObject({ step: 'a', error: { code: 'interrupted' } })
  const third = begun(second.saga, () => 1)
  expect(third.task).toBeNull()
  expect(third.saga).toMatchObject({ status: 'stuck', stuck: { during: 'compensating', step: 0 } })
})

test('givenUp() turns back up to the pivot, passing by what cannot be undone, and is stuck behind it', () => {
  const atPivot = reach(2)
  const turned = givenUp(atPivot, { kind: 'execute', step: 2 }, ERROR)
  expect(turned.status).toBe('compensating')
  const undoing = begun(turned, () => 9)
  expect(undoing.task).toEqual({ kind: 'compensate', step: 2 })
  const next = begun(succeeded(undoing.saga, { kind: 'compensate', step: 2 }, null), () => 9)
  expect(next.task).toEqual({ kind: 'compensate', step: 0 })
  const done = succeeded(next.saga, { kind: 'compensate', step: 0 }, null)
  expect([done.status, done.steps.map(({ state }) => state)]).toEqual([
    'compensated',
    ['undone', 'done', 'undone', 'pending'],
  ])
  expect(givenUp(reach(3), { kind: 'execute', step: 3 }, ERROR)).toMatchObject({
    status: 'stuck',
    stuck: { during: 'running', step: 3 },
  })
})

test('retried() and skipped() leave a saga alone that is not stuck, and skipped() one whose definition changed', () => {
  const saga = reach(1)
  expect([retried(saga), skipped(saga, 'why')]).toEqual([saga, saga])
  const changed = mismatched(saga, ERROR)
  expect(changed.status).toBe('stuck')
  expect(skipped(changed, 'why')).toBe(changed)
  expect(retried(changed)).toEqual(saga)
  const ended = { ...saga, status: 'completed' } as const
  expect(mismatched(ended, ERROR)).toBe(ended)
})

test('calledOff() does not count the attempt', () => {
  const { saga } = begun(newSaga(1, PLAN, null), () => 1)
  const again = begun(calledOff(saga, { kind: 'execute', step: 0 }), () => 1)
  expect(again.saga).toEqual(saga)
})

test('isSamePlan() compares names, order, pivot and what can be undone', () => {
  expect(isSamePlan(PLAN, [...PLAN])).toBe(true)
  const [a, b, c, d] = PLAN as [SagaPlanStep, SagaPlanStep, SagaPlanStep, SagaPlanStep]
  for (const other of [
    [a, b, c],
    [b, a, c, d],
    [a, { ...b, name: 'x' }, c, d],
    [a, { ...b, undoable: true }, c, d],
    [a, b, { ...c, pivot: false }, d],
  ])
    expect(isSamePlan(PLAN, other)).toBe(false)
})

/** What may happen to an attempt; a crash leaves it begun. */
const events = fc.array(
  fc.constantFrom('succeeds', 'fails', 'fails for good', 'crashes', 'is called off', 'person'),
  { maxLength: 120 },
)
const plans = fc
  .record({
    undoable: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    pivot: fc.option(fc.nat({ max: 4 })),
    retries: fc.boolean(),
  })
  .map(({ undoable, pivot, retries }) => ({
    retries,
    plan: undoable.map((can, index) => ({
      name: `step-${index}`,
      pivot: pivot === index,
      undoable: can && (pivot === null || index <= pivot),
    })),
  }))

test('whatever happens, each effect is executed in order, undone at most once in reverse, and never lost', () => {
  fc.assert(
    fc.property(
      plans,
      events,
      fc.integer({ min: 1, max: 3 }),
      ({ plan, retries }, history, most) => {
        let saga = newSaga(1, plan, null)
        const done: number[] = []
        const undone: number[] = []
        for (const event of history) {
          checkShape(saga, plan, done, undone)
          if (saga.status === 'stuck') {
            if (event === 'person') saga = retries ? retried(saga) : skipped(saga, 'why')
            continue
          }
          const { saga: next, task } = begun(saga, () => most)
          saga = next
          if (task === null) continue
          const used = saga.steps[task.step]
          expect(task.kind === 'execute' ? used?.attempts : used?.undoAttempts).toBeLessThanOrEqual(
            most,
          )
          saga = follow(saga, task, event)
          if (event === 'succeeds') (task.kind === 'execute' ? done : undone).push(task.step)
        }
        // Left with attempts that all succeed, any saga that is not stuck comes to its end.
        for (let step = 0; step < 20 && saga.status !== 'stuck'; step++) {
          const { saga: next, task } = begun(saga, () => 1000)
          saga = next
          if (task === null) break
          saga = succeeded(saga, task, task.step)
          ;(task.kind === 'execute' ? done : undone).push(task.step)
        }
        checkShape(saga, plan, done, undone)
        expect(saga.status === 'stuck' || isEnded(saga)).toBe(true)
      },
    ),
    { numRuns: 1000 },
  )
})

function follow(saga: SagaState, task: SagaTask, event: string): SagaState {
  switch (event) {
    case 'succeeds':
      return succeeded(saga, task, task.step)
    case 'fails':
      return failed(saga, task, ERROR)
    case 'fails for good':
      return givenUp(saga, task, ERROR)
    case 'is called off':
      return calledOff(saga, task)
    default:
      return saga
  }
}

function checkShape(
  saga: SagaState,
  plan: readonly SagaPlanStep[],
  done: readonly number[],
  undone: readonly number[],
): void {
  const skippedSteps = saga.steps.flatMap(({ state }, index) =>
    state === 'skipped' ? [index] : [],
  )
  const executed = plan.map((_, index) => index).filter((index) => !skippedSteps.includes(index))
  // Steps are done in order, each once.
  expect(done.filter((step) => executed.includes(step))).toEqual(
    executed.filter((step) => done.includes(step)),
  )
  expect(undone).toEqual([...undone].toSorted((a, b) => b - a))
  expect(new Set(undone).size).toBe(undone.length)
  const pivotAt = plan.findIndex(({ pivot }) => pivot)
  if (pivotAt >= 0 && saga.steps[pivotAt]?.state === 'done') expect(undone).toEqual([])
  if (saga.status === 'completed')
    expect(Object.keys(resultsOf(saga)).length + skippedSteps.length).toBe(plan.length)
  if (saga.status === 'compensated') {
    const left = done.filter((step) => plan[step]?.undoable && !undone.includes(step))
    expect(left.every((step) => skippedSteps.includes(step))).toBe(true)
  }
}

function reach(step: number): SagaState {
  let saga = newSaga(1, PLAN, null)
  for (let index = 0; index <= step; index++) {
    ;({ saga } = begun(saga, () => 9))
    if (index < step) saga = succeeded(saga, { kind: 'execute', step: index }, index)
  }
  return saga
}
