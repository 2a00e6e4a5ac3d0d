import { cut, readThrown } from '../../../primitives/read-thrown.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import type { SagaContext, SagaDefinition, SagaStep } from './saga.ts'
import { SagaError } from './saga-error.ts'
import { resultsOf, type SagaFailure, type SagaState, type SagaTask } from './saga-state.ts'

/** What an attempt came to. */
export type AttemptOutcome =
  | { readonly kind: 'succeeded'; readonly result: Json }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It failed after its signal had aborted, which says nothing about the step. */
  | { readonly kind: 'called-off' }

/** An attempt that the journal knows of. */
export interface Attempt {
  readonly sagaId: string
  readonly saga: SagaState
  readonly task: SagaTask
  /** Version of the commit that wrote it down. */
  readonly fence: number
}

/** Makes one attempt of a step or of its compensation. Never rejects. */
export async function attemptStep(
  attempt: Attempt,
  definition: SagaDefinition,
  clock: Clock,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const step = stepOf(definition, attempt.task)
  const late = (): Error =>
    new SagaError(
      'saga_timeout',
      `Cannot finish saga step ${JSON.stringify(step.name)}: the attempt took over ${step.timeoutMs} ms`,
    )
  try {
    const result = await runWithin(clock, step.timeoutMs, signal, late, (until) =>
      runStep(attempt, definition, step, until),
    )
    return { kind: 'succeeded', result: attempt.task.kind === 'execute' ? jsonOf(result) : null }
  } catch (error) {
    return signal.aborted ? { kind: 'called-off' } : { kind: 'failed', error }
  }
}

/** The definition's step of a task. */
export function stepOf(definition: SagaDefinition, { step: index }: SagaTask): SagaStep {
  const step = definition.steps[index]
  if (step === undefined) throw new RangeError(`Cannot go on with saga: it has no step ${index}`)
  return step
}

/** What the journal keeps of an error. */
export function failureOf(error: unknown): SagaFailure {
  const { name, code, message } = readThrown(error)
  return { name, code, message: cut(message, 500) }
}

function runStep(
  { sagaId, saga, task, fence }: Attempt,
  definition: SagaDefinition,
  step: SagaStep,
  signal: AbortSignal,
): unknown {
  const { input, steps, cause } = saga
  const record = steps[task.step]
  const context: SagaContext = {
    sagaId,
    input,
    results: resultsOf(saga),
    fence,
    idempotencyKey: `${definition.name}/${sagaId}/${step.name}/${task.kind}`,
    attempt: (task.kind === 'execute' ? record?.attempts : record?.undoAttempts) ?? 1,
    signal,
  }
  if (task.kind === 'execute') return step.execute(context)
  if (step.compensate === null || cause === null)
    throw new TypeError('Cannot compensate saga step: it has no compensation')
  const result = cause.step === step.name ? undefined : record?.result
  return step.compensate({ ...context, result, cause })
}

/** @throws SagaError `saga_result` when `result` is no JSON */
function jsonOf(result: unknown): Json {
  if (result === undefined) return null
  try {
    // What the journal will give back; writeJson wrote it, so it is JSON.
    return JSON.parse(writeJson(result)) as Json
  } catch (cause) {
    const fault = readThrown(cause).message.replace(/^.*?: value/, 'result')
    throw new SagaError('saga_result', `Cannot keep result of saga step: ${fault}`, { cause })
  }
}
