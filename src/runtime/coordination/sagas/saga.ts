import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Json } from '../../ports/json.ts'
import { retryPolicyOf, type RetryOptions, type RetryPolicy } from '../retry-policy.ts'
import type { SagaCause, SagaPlanStep } from './saga-state.ts'

/** What a step gets. */
export interface SagaContext<Input = Json, Results = Readonly<Record<string, Json>>> {
  readonly sagaId: string
  readonly input: Input
  /** What the steps before returned, by name. */
  readonly results: Results
  /**
   * Grows with each attempt of any step of this saga, whoever drives it: let what you write to
   * refuse smaller ones.
   */
  readonly fence: number
  /**
   * The same for each attempt of this step, and another one for its compensation: hand it to what
   * you call.
   */
  readonly idempotencyKey: string
  /** 1 on the first attempt. Attempts that a crash cut short count. */
  readonly attempt: number
  /** Aborts when the attempt takes too long, the saga's lease is lost, or its driver must stop. */
  readonly signal: AbortSignal
}

/** What a compensation gets: the step's context, and what is known of the step. */
export interface CompensationContext<Input, Results, Result> extends SagaContext<Input, Results> {
  /** What the step returned; `undefined` when it failed, and may yet have had an effect. */
  readonly result: Result | undefined
  /** Why the saga is undone. */
  readonly cause: SagaCause
}

/** One step of a saga. */
export interface SagaStepOptions<
  Input = Json,
  Results = Readonly<Record<string, Json>>,
  Result = Json | void,
> {
  /**
   * Does the step, at least once: a crash between its effect and the journal makes it run again.
   * Its result is kept.
   */
  execute(context: SagaContext<Input, Results>): Promise<Result> | Result
  /**
   * Undoes the step: called when it was done, and when it failed, since it may have had its effect
   * then too. Default: nothing to undo.
   */
  compensate?(context: CompensationContext<Input, Results, Result>): unknown
  /** Default 3 attempts, 10 for steps behind the pivot. */
  readonly retry?: RetryOptions
  /** The compensation's own. Default 10 attempts. */
  readonly compensateRetry?: RetryOptions
  /**
   * Longest time of one attempt, of the step or of its compensation, 10 ms to 1 day. Default 5 min.
   */
  readonly timeout?: Duration
}

/** A step as {@link import('./saga-orchestrator.ts').SagaOrchestrator.addStep} takes it. */
export interface SagaStepToAdd extends SagaStepOptions {
  /** 1 to 100 characters, unique in the saga. Default `step-1`, `step-2`, … by position. */
  readonly name?: string
  /** Whether the saga only goes forward once this step is done. Default false. */
  readonly pivot?: boolean
}

/** A step with its defaults filled in. */
export interface SagaStep extends SagaPlanStep {
  readonly execute: (context: SagaContext) => unknown
  readonly compensate: ((context: CompensationContext<Json, SagaResults, Json>) => unknown) | null
  readonly retry: RetryPolicy
  readonly compensateRetry: RetryPolicy
  readonly timeoutMs: number
}

/** Results of a saga's steps, by name. */
export type SagaResults = Readonly<Record<string, Json>>

/**
 * A saga's definition: its steps in order, under a name and a version that is changed whenever the
 * steps are.
 */
export interface SagaDefinition<Input = Json, Results = unknown> {
  readonly name: string
  readonly version: number
  readonly steps: readonly SagaStep[]
  /** Never there: it only tells TypeScript what the saga takes and returns. */
  readonly types?: { readonly input: Input; readonly results: Results }
}

/**
 * Collects the steps of a saga. Each call answers with a new builder that knows the new step's
 * result.
 */
export interface SagaBuilder<Input, Results> {
  /**
   * Adds a step. One behind the pivot is tried until it succeeds or the saga is stuck, and has no
   * `compensate`.
   */
  step<Name extends string, Result extends Json | void>(
    name: Name,
    step: SagaStepOptions<Input, Results, Result>,
  ): SagaBuilder<Input, Results & { readonly [Key in Name]: Result }>
  /**
   * Adds the step after which there is no way back. Its own `compensate` is called when it failed.
   */
  pivot<Name extends string, Result extends Json | void>(
    name: Name,
    step: SagaStepOptions<Input, Results, Result>,
  ): SagaBuilder<Input, Results & { readonly [Key in Name]: Result }>
  build(): SagaDefinition<Input, Results>
}

const MAX_STEPS = 100
const DAY_MS = 86_400_000
const STEP_OPTIONS = [
  'name',
  'pivot',
  'execute',
  'compensate',
  'retry',
  'compensateRetry',
  'timeout',
] as const

/**
 * Begins the definition of a saga.
 *
 * @param name 1 to 100 characters of `A–Z a–z 0–9 . _ : -`
 * @param version A positive integer: change it with the steps, and keep the old definition while
 *   sagas of it are running
 * @throws RangeError when name or version is out of range
 *
 * @example
 * const checkout = saga<{ orderId: string }>('checkout', 1)
 *   .step('reserve', { execute: reserveStock, compensate: releaseStock })
 *   .pivot('charge', { execute: charge })
 *   .step('ship', { execute: ship })
 *   .build()
 */
export function saga<Input extends Json = Json>(
  name: string,
  version: number,
): SagaBuilder<Input, unknown> {
  checkIdentity(name, version)
  return builderOf(name, version, [])
}

/**
 * @throws RangeError when name, version or a step is out of range; TypeError when a step lacks its
 *   function
 */
export function sagaOf(
  name: string,
  version: number,
  steps: readonly SagaStepToAdd[],
): SagaDefinition {
  checkIdentity(name, version)
  if (steps.length < 1 || steps.length > MAX_STEPS)
    throw new RangeError(`Cannot define saga: ${steps.length} steps, 1 to ${MAX_STEPS} allowed`)
  const pivotAt = steps.findIndex(({ pivot }) => pivot === true)
  if (steps.filter(({ pivot }) => pivot === true).length > 1)
    throw new RangeError('Cannot define saga: two pivots, at most one allowed')
  const checked = steps.map((step, index) =>
    checkStep(step, index, pivotAt >= 0 && index > pivotAt),
  )
  const names = new Set(checked.map((step) => step.name))
  if (names.size < checked.length)
    throw new RangeError('Cannot define saga: two steps of one name, different ones expected')
  return { name, version, steps: checked }
}

function builderOf<Input, Results>(
  name: string,
  version: number,
  steps: readonly SagaStepToAdd[],
): SagaBuilder<Input, Results> {
  // The driver hands each step this saga's input and what the steps before returned, which is what
  // its types say.
  const add = (step: object): SagaBuilder<Input, never> =>
    builderOf(name, version, [...steps, step as SagaStepToAdd])
  return {
    step: (stepName, step) => add({ ...step, name: stepName }),
    pivot: (stepName, step) => add({ ...step, name: stepName, pivot: true }),
    // `types` is never there.
    build: () => sagaOf(name, version, steps) as SagaDefinition<Input, Results>,
  }
}

function checkStep(step: SagaStepToAdd, index: number, forward: boolean): SagaStep {
  const { name = `step-${index + 1}`, pivot = false, execute, compensate, timeout = 300_000 } = step
  if (name.length < 1 || name.length > 100)
    throw new RangeError('Cannot define saga: a step name is empty or over 100 characters')
  const action = `define saga step ${JSON.stringify(name)}`
  const where = `Cannot ${action}`
  checkOptions(action, step, [], STEP_OPTIONS)
  if (typeof execute !== 'function') throw new TypeError(`${where}: execute is no function`)
  if (compensate !== undefined && typeof compensate !== 'function')
    throw new TypeError(`${where}: compensate is no function`)
  if (forward && compensate !== undefined)
    throw new RangeError(`${where}: it has compensate, but behind the pivot nothing is undone`)
  const timeoutMs = checkDuration(action, 'timeout', timeout, 10, DAY_MS)
  return {
    name,
    pivot,
    undoable: compensate !== undefined,
    execute: (context) => step.execute(context),
    compensate: compensate === undefined ? null : (context) => step.compensate?.(context),
    retry: retryPolicyOf(step.retry, forward ? 10 : 3),
    compensateRetry: retryPolicyOf(step.compensateRetry, 10),
    timeoutMs,
  }
}

function checkIdentity(name: string, version: number): void {
  if (!/^[\w.:-]{1,100}$/.test(name)) {
    throw new RangeError(
      `Cannot define saga ${JSON.stringify(name.slice(0, 100))}: a name of 1 to 100 characters of A–Z a–z 0–9 . _ : - expected`,
    )
  }
  checkInteger('define saga', 'version', version, 1, Number.MAX_SAFE_INTEGER)
}
