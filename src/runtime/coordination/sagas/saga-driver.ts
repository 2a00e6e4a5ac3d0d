import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { STORE_LIMITS } from '../../ports/atomic-store/atomic-store.ts'
import { inRounds, type Round } from '../in-rounds.ts'
import type { LeaseTools } from '../locks/leased-key.ts'
import { nextDelayMs, type RetryPolicy } from '../retry-policy.ts'
import { attemptStep, failureOf, stepOf, type AttemptOutcome } from './saga-attempt.ts'
import { SagaError } from './saga-error.ts'
import {
  isDrivenElsewhere,
  readEntry,
  type DrivenSaga,
  type JournalEntry,
  type SagaJournal,
} from './saga-journal.ts'
import {
  begun,
  calledOff,
  failed,
  givenUp,
  isEnded,
  isSamePlan,
  mismatched,
  retried,
  succeeded,
  type SagaFailure,
  type SagaState,
  type SagaTask,
} from './saga-state.ts'
import type { SagaDefinition } from './saga.ts'
import { waitFor } from '../wait-for.ts'

/** What {@link driveSaga} needs. */
export interface DriveOptions extends LeaseTools {
  readonly journal: SagaJournal
  /** Every version whose sagas this code can run. */
  readonly definitions: readonly SagaDefinition[]
  readonly leaseMs: number
  /** Begins the saga with this state when the journal does not hold it. */
  readonly create?: SagaState | undefined
  /** Whether to wait between attempts, or to answer `waiting` and give the lease up. */
  readonly patient: boolean
  /** Calls the running attempt off. */
  readonly signal?: AbortSignal | undefined
}

/** Where driving ended. */
export type DriveResult =
  | { readonly kind: 'ended' | 'stuck'; readonly saga: SagaState }
  | { readonly kind: 'waiting'; readonly delayMs: number }
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'called-off' }
  /** A version that this code does not know yet began it. */
  | { readonly kind: 'newer'; readonly version: number }

interface Plan {
  readonly saga: SagaState
  /** The attempt that `saga` has begun, if there is one to make. */
  readonly next: { readonly task: SagaTask; readonly definition: SagaDefinition } | null
}

/** What the journal may hold of input and results; the rest of a value is for its notes. */
const DATA_BYTES = STORE_LIMITS.valueBytes - 262_144

/**
 * Runs a saga from where its journal stands to where it can go no further.
 *
 * Each attempt is written down before it is made and its outcome after it; where they meet, one
 * commit does both. A crash in between leaves an attempt whose effect may have happened: the next
 * driver makes it again, under a greater fence.
 *
 * @throws SagaError `saga_conflict` when `create` has another input than the saga has; `saga_lost`
 *   when another driver took over
 * @throws BackendError when the journal cannot be written; the saga goes on when it is driven again
 */
export async function driveSaga(id: string, options: DriveOptions): Promise<DriveResult> {
  const { journal, create, leaseMs } = options
  const busy: DriveResult = { kind: 'busy', retryAfterMs: leaseMs }
  const act = async (
    entry: JournalEntry | null,
  ): Promise<Round<JournalEntry | null, DriveResult>> => {
    const state = entry?.saga ?? create
    if (state === undefined) return { done: { kind: 'absent' } }
    if (entry !== null && create !== undefined) checkInput(entry, create)
    const plan = planOf(state, options)
    if ('kind' in plan) return { done: plan }
    const taken = await journal.take(id, entry, plan.saga)
    if (taken.ok) return { done: await advance(taken.driven, plan, options) }
    return isDrivenElsewhere(id, taken) ? { done: busy } : { seen: readEntry(id, taken.current) }
  }
  const first = create === undefined ? await journal.read(id) : null
  return inRounds(5, first, act, () => busy)
}

/** The state with its next attempt begun, or what is to be said when there is nothing to write. */
function planOf(saga: SagaState, { definitions }: DriveOptions): Plan | DriveResult {
  const { version, status, stuck } = saga
  if (isEnded(saga)) return { kind: 'ended', saga }
  if (stuck !== null && stuck.step !== null) return { kind: 'stuck', saga }
  const definition = definitions.find((known) => known.version === version)
  if (definition === undefined && definitions.every((known) => known.version < version))
    return { kind: 'newer', version }
  if (definition !== undefined && isSamePlan(definition.steps, saga.steps))
    return planNext(retried(saga), definition)
  if (status === 'stuck') return { kind: 'stuck', saga }
  return { saga: mismatched(saga, mismatchOf(version)), next: null }
}

function planNext(saga: SagaState, definition: SagaDefinition): Plan {
  const plan = begun(saga, (task) => policyOf(definition, task).attempts)
  return { saga: plan.saga, next: plan.task === null ? null : { task: plan.task, definition } }
}

/**
 * Makes attempt after attempt under the lease, until none is left, one must wait, or the driver
 * must stop.
 */
async function advance(taken: DrivenSaga, plan: Plan, options: DriveOptions): Promise<DriveResult> {
  const { journal, clock, patient, signal } = options
  const { lease } = taken
  const either = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal])
  let driven = taken
  let released = false
  let { next } = plan
  try {
    while (next !== null) {
      // The journal's answer may have come after the lease: then another driver makes the attempt.
      lease.throwIfLost()
      const { task, definition } = next
      const { saga, version } = driven.entry
      const attempt = { sagaId: driven.entry.id, saga, task, fence: version }
      const outcome = await attemptStep(attempt, definition, clock, either)
      const { after, waitMs } = followed(saga, next, outcome, options)
      if (either.aborted && !isEnded(after) && after.stuck === null) {
        driven = await release(after)
        return calledOffResult()
      }
      if (waitMs > 0 && !patient) {
        driven = await release(after)
        return { kind: 'waiting', delayMs: waitMs }
      }
      if (waitMs > 0) {
        driven = await journal.write(driven, after, false)
        await waitFor(clock, waitMs, either).catch(ignoreAbort)
        if (either.aborted) return calledOffResult()
      }
      const coming = planNext(after, definition)
      next = coming.next
      driven =
        next === null ? await release(coming.saga) : await journal.write(driven, coming.saga, false)
    }
    return resultOf(driven.entry.saga)
  } finally {
    await (released ? lease.stop() : lease.end())
  }

  async function release(saga: SagaState): Promise<DrivenSaga> {
    await lease.stop()
    const written = await journal.write(driven, saga, true)
    released = true
    return written
  }

  function calledOffResult(): DriveResult {
    lease.signal.throwIfAborted()
    return { kind: 'called-off' }
  }

  function ignoreAbort(error: unknown): void {
    if (!either.aborted) throw error
  }
}

/** The saga after an attempt, and how long to wait before the next one. */
function followed(
  saga: SagaState,
  { task, definition }: { readonly task: SagaTask; readonly definition: SagaDefinition },
  outcome: AttemptOutcome,
  { random }: DriveOptions,
): { readonly after: SagaState; readonly waitMs: number } {
  if (outcome.kind === 'called-off') return { after: calledOff(saga, task), waitMs: 0 }
  if (outcome.kind === 'succeeded') {
    const after = succeeded(saga, task, outcome.result)
    if (fits(after)) return { after, waitMs: 0 }
  }
  const error = outcome.kind === 'failed' ? outcome.error : tooLarge()
  const step = saga.steps[task.step]
  const attempts = (task.kind === 'execute' ? step?.attempts : step?.undoAttempts) ?? 1
  const waitMs = nextDelayMs(policyOf(definition, task), attempts, error, random.fraction())
  const failure = failureOf(error)
  if (waitMs === null) return { after: givenUp(saga, task, failure), waitMs: 0 }
  return { after: failed(saga, task, failure), waitMs }
}

function tooLarge(): SagaError {
  return new SagaError('saga_result', 'Cannot keep result of saga step: it is too large')
}

function policyOf(definition: SagaDefinition, task: SagaTask): RetryPolicy {
  const step = stepOf(definition, task)
  return task.kind === 'execute' ? step.retry : step.compensateRetry
}

function fits(saga: SagaState): boolean {
  return utf8Length(JSON.stringify(saga)) <= DATA_BYTES
}

function checkInput({ id, saga }: JournalEntry, create: SagaState): void {
  if (canonicalJson(saga.input) === canonicalJson(create.input)) return
  throw new SagaError(
    'saga_conflict',
    `Cannot run saga ${JSON.stringify(id)}: its id was used with other input, a new id expected`,
  )
}

function mismatchOf(version: number): SagaFailure {
  return {
    name: 'SagaError',
    code: 'definition_changed',
    message: `Cannot go on with saga: the steps of version ${version} are not those it was begun with`,
  }
}

function resultOf(saga: SagaState): DriveResult {
  return { kind: saga.stuck === null ? 'ended' : 'stuck', saga }
}
