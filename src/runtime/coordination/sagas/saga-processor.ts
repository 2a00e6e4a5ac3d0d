import { isInstance } from '../../../primitives/read-thrown.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import type { ClaimedJob } from '../../ports/job-store/job-store.ts'
import type { Json } from '../../ports/json.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import type { Report } from '../../ports/platform/report.ts'
import {
  createUnknownJobReport,
  leaveToOthers,
  unknownDetail,
} from '../../workers/leave-to-others.ts'
import { isJsonObject } from '../json-object.ts'
import { failureOf } from './saga-attempt.ts'
import type { DriveResult } from './saga-driver.ts'
import { SagaError } from './saga-error.ts'
import { newSaga, type SagaState } from './saga-state.ts'
import type { SagaDefinition } from './saga.ts'

/** What {@link createSagaProcessor} needs. */
export interface SagaProcessorOptions {
  readonly queue: string
  readonly leaseMs: number
  readonly random: RandomSource
  /** Hears of sagas whose version nobody here knows. */
  readonly report: Report
  readonly definitions: () => readonly SagaDefinition[]
  readonly drive: (
    id: string,
    create: SagaState | undefined,
    signal: AbortSignal,
  ) => Promise<DriveResult>
}

/** What a job carries that holds a saga: all that is needed to begin it, or only whom to wake. */
export function sagaJobData(id: string, create: SagaState | null): Json {
  return create === null ? { id } : { id, version: create.version, input: create.input }
}

/**
 * Runs jobs that hold sagas. A job is over when its saga has ended, is stuck, or cannot be begun.
 */
export function createSagaProcessor(options: SagaProcessorOptions): JobProcessor {
  const { queue, leaseMs, definitions, drive, random } = options
  const unknownJobs = createUnknownJobReport(options.report)

  function leave(job: ClaimedJob, version: number): JobOutcome {
    const message = `Cannot run saga: this worker does not know its version ${version}`
    const unknown = { code: 'saga_version', message, detail: version } as const
    const outcome = leaveToOthers(job, unknown, random.fraction())
    unknownJobs.say(queue, `version ${version}`, outcome, unknown)
    return outcome
  }

  return {
    queue,
    knows({ data, lastError }) {
      // A job that only wakes a saga does not say its version: whoever did not know it has.
      const version = readJobData(data)?.version ?? unknownDetail(lastError)
      return version === null || definitions().some((known) => known.version === version)
    },
    async process(job, { signal }) {
      const data = readJobData(job.data)
      if (data === null) return deadWith('invalid_data', 'Cannot run saga: its job carries no saga')
      const { id, version, input } = data
      const definition = definitions().find((known) => known.version === version)
      if (version !== null && definition === undefined) {
        return leave(job, version)
      }
      const create =
        definition === undefined ? undefined : newSaga(definition.version, definition.steps, input)
      try {
        const result = await drive(id, create, signal)
        return result.kind === 'newer' ? leave(job, result.version) : outcomeOf(result, leaseMs)
      } catch (error) {
        if (isInstance(error, SagaError) && !error.retryable)
          return { to: 'dead', error: { ...failureOf(error) } }
        // The saga is where its journal says; only this drive has failed.
        return again(leaseMs)
      }
    },
  }
}

function outcomeOf(result: Exclude<DriveResult, { kind: 'newer' }>, leaseMs: number): JobOutcome {
  switch (result.kind) {
    case 'ended':
    case 'stuck':
      return { to: 'completed', result: { status: result.saga.status } }
    case 'absent':
      return { to: 'completed', result: { status: 'absent' } }
    case 'waiting':
      return again(result.delayMs)
    case 'busy':
      return again(leaseMs)
    case 'called-off':
      return again(0)
  }
}

/** Waiting for a saga is no failure of its job, so the attempt is given back. */
function again(delayMs: number): JobOutcome {
  return { to: 'scheduled', delayMs, refund: true }
}

function deadWith(code: string, message: string): JobOutcome {
  return { to: 'dead', error: { code, message } }
}

function readJobData(
  data: Json,
): { readonly id: string; readonly version: number | null; readonly input: Json } | null {
  if (!isJsonObject(data) || typeof data['id'] !== 'string') return null
  const { id, version, input = null } = data
  return { id, version: typeof version === 'number' ? version : null, input }
}
