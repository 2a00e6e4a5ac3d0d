import type { Json } from '../../ports/json.ts'

/** Where a saga stands. `stuck` waits for a person: {@link retried} or {@link skipped}. */
export type SagaStatus = 'running' | 'compensating' | 'completed' | 'compensated' | 'stuck'

/** Where a step stands. `started` and `undoing` mean that its effect may have happened. */
export type SagaStepState =
  | 'pending'
  | 'started'
  | 'done'
  | 'failed'
  | 'undoing'
  | 'undone'
  | 'skipped'

/** What a saga's record pins of its definition. */
export interface SagaPlanStep {
  readonly name: string
  /** After it the saga only goes forward. */
  readonly pivot: boolean
  /** Whether it has a compensation. */
  readonly undoable: boolean
}

/** A step in a saga's record. */
export interface SagaStepRecord extends SagaPlanStep {
  readonly state: SagaStepState
  /** Attempts begun, since the last `retry` by a person. */
  readonly attempts: number
  readonly undoAttempts: number
  readonly result: Json
  /** The last failure of the step or of its compensation. */
  readonly error: SagaFailure | null
  /** Why a person skipped it. */
  readonly skipped: string | null
}

/** What is kept of an error: no stack, which may hold anything. */
export interface SagaFailure {
  readonly name: string
  readonly code: string | null
  readonly message: string
}

/** Why a saga is undone. */
export interface SagaCause {
  /** Name of the step that failed. */
  readonly step: string
  readonly error: SagaFailure
}

/** Why a saga is stuck. */
export interface SagaStuck {
  readonly during: 'running' | 'compensating'
  /** Index of the step; `null` when the saga's definition has changed. */
  readonly step: number | null
  readonly error: SagaFailure
}

/** The state of one saga. */
export interface SagaState {
  readonly version: number
  readonly input: Json
  readonly status: SagaStatus
  readonly steps: readonly SagaStepRecord[]
  /** Why it is undone, once it is. */
  readonly cause: SagaCause | null
  readonly stuck: SagaStuck | null
}

/** The next thing to do. */
export interface SagaTask {
  readonly kind: 'execute' | 'compensate'
  readonly step: number
}

const INTERRUPTED: SagaFailure = {
  name: 'SagaError',
  code: 'interrupted',
  message: 'The last attempt began and never ended: its driver disappeared',
}

/** A saga of which nothing has been done. */
export function newSaga(version: number, plan: readonly SagaPlanStep[], input: Json): SagaState {
  const steps = plan.map(({ name, pivot, undoable }) => ({
    name,
    pivot,
    undoable,
    state: 'pending' as const,
    attempts: 0,
    undoAttempts: 0,
    result: null,
    error: null,
    skipped: null,
  }))
  return { version, input, status: 'running', steps, cause: null, stuck: null }
}

/**
 * The saga with its next attempt begun, and which one that is: to be written before anything is
 * done. `null` when there is none.
 */
export function begun(
  saga: SagaState,
  attemptsOf: (task: SagaTask) => number,
): { readonly saga: SagaState; readonly task: SagaTask | null } {
  for (let state = saga; ;) {
    const task = nextTask(state)
    if (task === null) return { saga: state, task }
    const { attempts, undoAttempts } = stepOf(state, task.step)
    const executes = task.kind === 'execute'
    if ((executes ? attempts : undoAttempts) < attemptsOf(task)) {
      const change: Partial<SagaStepRecord> = executes
        ? { state: 'started', attempts: attempts + 1 }
        : { state: 'undoing', undoAttempts: undoAttempts + 1 }
      return { saga: withStep(state, task.step, change), task }
    }
    state = givenUp(state, task, INTERRUPTED)
  }
}

/** The attempt succeeded. */
export function succeeded(saga: SagaState, { kind, step }: SagaTask, result: Json): SagaState {
  const change: Partial<SagaStepRecord> =
    kind === 'execute' ? { state: 'done', result, error: null } : { state: 'undone', error: null }
  return ended(withStep(saga, step, change))
}

/** The attempt failed, and another one may follow. */
export function failed(saga: SagaState, { step }: SagaTask, error: SagaFailure): SagaState {
  return withStep(saga, step, { error })
}

/** The last attempt failed: before and at the pivot the saga turns back, otherwise it is stuck. */
export function givenUp(saga: SagaState, { kind, step }: SagaTask, error: SagaFailure): SagaState {
  const noted = withStep(saga, step, { error })
  if (kind === 'compensate') return stuckAt(noted, { during: 'compensating', step, error })
  if (isBehindPivot(saga, step)) return stuckAt(noted, { during: 'running', step, error })
  const turned = withStep(noted, step, { state: 'failed' })
  const cause = { step: stepOf(saga, step).name, error }
  return ended({ ...turned, status: 'compensating', cause })
}

/** The attempt was called off by its driver, who says so: it does not count. */
export function calledOff(saga: SagaState, { kind, step }: SagaTask): SagaState {
  const { attempts, undoAttempts } = stepOf(saga, step)
  return withStep(
    saga,
    step,
    kind === 'execute' ? { attempts: attempts - 1 } : { undoAttempts: undoAttempts - 1 },
  )
}

/** The saga's definition is not the one it was begun with. */
export function mismatched(saga: SagaState, error: SagaFailure): SagaState {
  if (saga.status !== 'running' && saga.status !== 'compensating') return saga
  return stuckAt(saga, { during: saga.status, step: null, error })
}

/**
 * A person wants the stuck step tried again, with all its attempts. A saga that is not stuck stays
 * as it is.
 */
export function retried(saga: SagaState): SagaState {
  const { stuck } = saga
  if (stuck === null) return saga
  const freed = { ...saga, status: stuck.during, stuck: null }
  if (stuck.step === null) return freed
  return withStep(
    freed,
    stuck.step,
    stuck.during === 'running' ? { state: 'pending', attempts: 0 } : { undoAttempts: 0 },
  )
}

/**
 * A person has dealt with the stuck step by other means. Without a stuck step the saga stays as it
 * is.
 */
export function skipped(saga: SagaState, reason: string): SagaState {
  const { stuck } = saga
  if (stuck === null || stuck.step === null) return saga
  const freed = { ...saga, status: stuck.during, stuck: null }
  return ended(withStep(freed, stuck.step, { state: 'skipped', skipped: reason }))
}

/** Whether nothing will be done any more. */
export function isEnded(saga: SagaState): boolean {
  return saga.status === 'completed' || saga.status === 'compensated'
}

/** Whether both plans have the same steps. */
export function isSamePlan(a: readonly SagaPlanStep[], b: readonly SagaPlanStep[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, pivot, undoable }, index) => {
      const other = b[index]
      return other?.name === name && other.pivot === pivot && other.undoable === undoable
    })
  )
}

/** What the steps that are done returned, by name. */
export function resultsOf(saga: SagaState): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    saga.steps.filter(({ state }) => state === 'done').map(({ name, result }) => [name, result]),
  )
}

function nextTask({ status, steps }: SagaState): SagaTask | null {
  if (status === 'running') {
    const step = steps.findIndex(({ state }) => state === 'pending' || state === 'started')
    return step < 0 ? null : { kind: 'execute', step }
  }
  if (status !== 'compensating') return null
  const step = steps.findLastIndex(
    ({ state, undoable }) =>
      undoable && (state === 'done' || state === 'failed' || state === 'undoing'),
  )
  return step < 0 ? null : { kind: 'compensate', step }
}

function ended(saga: SagaState): SagaState {
  if (nextTask(saga) !== null) return saga
  if (saga.status === 'running') return { ...saga, status: 'completed' }
  return saga.status === 'compensating' ? { ...saga, status: 'compensated' } : saga
}

function stuckAt(saga: SagaState, stuck: SagaStuck): SagaState {
  return { ...saga, status: 'stuck', stuck }
}

function isBehindPivot({ steps }: SagaState, step: number): boolean {
  const pivot = steps.findIndex((one) => one.pivot)
  return pivot >= 0 && step > pivot
}

function stepOf({ steps }: SagaState, index: number): SagaStepRecord {
  const step = steps[index]
  if (step === undefined) throw new RangeError(`Cannot go on with saga: it has no step ${index}`)
  return step
}

function withStep(saga: SagaState, index: number, change: Partial<SagaStepRecord>): SagaState {
  return {
    ...saga,
    steps: saga.steps.map((step, at) => (at === index ? { ...step, ...change } : step)),
  }
}
