import { encodeHex } from '../../../primitives/hex.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { stringifyJson } from '../../../primitives/stringify-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import type { Report } from '../../ports/platform/report.ts'
import type { Json } from '../../ports/json.ts'
import type { ServiceRunOptions } from '../../ports/service.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { createJobWorker, type JobWorker, type JobWorkerOptions } from '../../workers/job-worker.ts'
import { sweepQueues } from '../../workers/sweep-queues.ts'
import type { LeaseTools } from '../locks/leased-key.ts'
import { driveSaga, type DriveOptions, type DriveResult } from './saga-driver.ts'
import { SagaError } from './saga-error.ts'
import { createSagaJournal, type SagaJournal } from './saga-journal.ts'
import { checkSagaOptions, type SagaOrchestratorOptions } from './saga-options.ts'
import { createSagaProcessor } from './saga-processor.ts'
import {
  newSaga,
  resultsOf,
  retried,
  skipped,
  type SagaCause,
  type SagaState,
  type SagaStuck,
} from './saga-state.ts'
import { createSagaWake, type SagaWake } from './saga-wake.ts'
import { sagaOf, type SagaDefinition, type SagaResults, type SagaStepToAdd } from './saga.ts'

// One that takes a certain input is none that takes all, and yet a `SagaOrchestrator`.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

/** How a saga ended, or that it is stuck. */
export type SagaOutcome<Results = SagaResults> =
  | { readonly id: string; readonly status: 'completed'; readonly results: Results }
  /** All that was done is undone. */
  | { readonly id: string; readonly status: 'compensated'; readonly cause: SagaCause }
  /** Waits for a person. */
  | { readonly id: string; readonly status: 'stuck'; readonly stuck: SagaStuck }

/** A saga as its journal has it. */
export interface SagaView extends SagaState {
  readonly id: string
}

/** Options of {@link SagaOrchestrator.run}. */
export interface RunSagaOptions {
  /** Makes running idempotent, 1 to 200 UTF-8 bytes. Default: random. */
  readonly id?: string
  /** Calls the running attempt off; the saga stays where it is, to be resumed. */
  readonly signal?: AbortSignal
}

/** How {@link SagaOrchestrator.run} works the queue of sagas; see `JobWorkerOptions`. */
export type SagaWorkerOptions = ServiceRunOptions &
  Partial<Pick<JobWorkerOptions, 'concurrency' | 'lease' | 'maxWait' | 'grace' | 'onSettled'>>

const NO_WAKER: Waker = { wake: async () => {} }
const MAX_INPUT_BYTES = 262_144

/**
 * Runs sagas: steps in order, each durable before and after it is made, undone in reverse when one
 * fails for good.
 *
 * A step is made at least once, since a driver can crash between its effect and the journal; its
 * `idempotencyKey` is the same each time and its `fence` grows. The step that failed is compensated
 * too. A compensation that fails for good, or a step behind the pivot, leaves the saga stuck:
 * `inspect` it, mend the cause, then `retry` or `skip`.
 *
 * @example
 * const orders = new SagaOrchestrator({ backend, name: 'checkout' })
 *   .addStep({ name: 'reserve', execute: reserveStock, compensate: releaseStock })
 *   .addStep({ name: 'charge', execute: charge, compensate: refund })
 * const outcome = await orders.run({ orderId }, { id: orderId })
 */
export class SagaOrchestrator<Input extends Json = Any, Results = Any> {
  /** The saga's name. */
  readonly name: string
  /** Runs the jobs that hold sagas: to be given to a worker of the job store. */
  readonly processor: JobProcessor
  /**
   * The same as a list, as `jobRunner()` and `runServices()` take it; empty without a job store.
   */
  readonly processors: readonly JobProcessor[]
  readonly #options: SagaOrchestratorOptions<Input, Results>
  readonly #tools: LeaseTools
  readonly #wake: SagaWake | null
  readonly #leaseMs: number
  readonly #report: Report
  readonly #journal: SagaJournal
  readonly #steps: SagaStepToAdd[] = []
  #definitions: readonly SagaDefinition[] | undefined

  /** @throws RangeError when an option is out of range */
  constructor(options: SagaOrchestratorOptions<Input, Results>) {
    const { name, queue, leaseMs, keepMs, clock, random, report } = checkSagaOptions(options)
    const { store, jobStore, waker } = options.backend
    this.name = name
    this.#options = options
    this.#tools = { clock, random }
    this.#leaseMs = leaseMs
    this.#report = report
    this.#journal = createSagaJournal({ store, name, leaseMs, keepMs, clock, random })
    this.#wake = jobStore === undefined ? null : createSagaWake({ jobStore, waker, queue, random })
    this.processor = createSagaProcessor({
      queue,
      leaseMs,
      random,
      report,
      definitions: () => this.#known(),
      drive: (id, create, signal) => this.#drive(id, { create, signal, patient: false }),
    })
    this.processors = jobStore === undefined ? [] : [this.processor]
  }

  /**
   * Adds a step behind those added before.
   *
   * @throws TypeError when the orchestrator was given a saga or has begun to work
   */
  addStep(step: SagaStepToAdd): this {
    if (this.#options.saga !== undefined || this.#definitions !== undefined) {
      throw new TypeError(
        'Cannot add step: the saga is defined already, steps before the first run expected',
      )
    }
    this.#steps.push(step)
    return this
  }

  /**
   * Works the queue of sagas in this process until `signal` aborts: those that were started, and
   * those whose driver has crashed. For servers. On Workers the platform starts the work: export
   * `jobRunner(orchestrator)`.
   *
   * @throws SagaError `saga_no_job_store` when there is no job store to hold sagas
   */
  run(options: SagaWorkerOptions): Promise<void>
  /**
   * Runs a saga to its end in this process, waiting between attempts.
   *
   * With an `id` that is known it goes on with that saga, or answers how it ended. With a job store
   * the saga is held by a job first, and a worker goes on with it should this process crash.
   *
   * @throws SagaError `saga_in_progress` when it is driven elsewhere, `saga_conflict` when the id
   *   was used with other input, `saga_lost` when another driver took over
   * @throws BackendError when the store failed; the saga goes on when it is driven again
   */
  run(
    input: Input | (null extends Input ? void : never),
    options?: RunSagaOptions,
  ): Promise<SagaOutcome<Results>>
  run(...none: null extends Input ? [] : [never]): Promise<SagaOutcome<Results>>
  async run(
    first?: Input | (null extends Input ? void : never) | SagaWorkerOptions,
    options: RunSagaOptions = {},
  ): Promise<SagaOutcome<Results> | void> {
    // The input of a saga is JSON, which holds no signal.
    if (isWorkerOptions(first)) return this.#worker(first).run(first)
    return this.#runOne(first ?? null, options)
  }

  /**
   * Works the queue of sagas until nothing is left to do right now. For tests and scripts.
   *
   * @returns How many jobs were settled
   * @throws SagaError `saga_no_job_store` when there is no job store to hold sagas
   */
  async drain(options: Omit<SagaWorkerOptions, 'signal'> = {}): Promise<number> {
    return this.#worker(options).drain()
  }

  /** Sees to the sagas that wait, whatever wakes were lost. For a Cron Trigger. */
  async sweep(): Promise<void> {
    const { jobStore, waker = NO_WAKER } = this.#options.backend
    if (jobStore !== undefined) await sweepQueues(this.processors, { jobStore, waker })
  }

  async #runOne(input: Input | null, options: RunSagaOptions): Promise<SagaOutcome<Results>> {
    const { id = this.#newId(), signal } = options
    signal?.throwIfAborted()
    const create = this.#newSaga(checkId(id), input)
    await this.#wake?.insure(id, create, this.#leaseMs)
    return this.#outcomeOf(id, await this.#drive(id, { create, signal, patient: true }), signal)
  }

  /**
   * Leaves a saga to the worker: one durable write. With an `id` that is known nothing more is
   * begun.
   *
   * @returns The saga's id
   * @throws SagaError `saga_no_job_store` when there is no job store to hold it
   */
  start(
    input: Input | (null extends Input ? void : never),
    options?: Pick<RunSagaOptions, 'id'>,
  ): Promise<string>
  start(...none: null extends Input ? [] : [never]): Promise<string>
  async start(
    input?: Input | (null extends Input ? void : never),
    options: Pick<RunSagaOptions, 'id'> = {},
  ): Promise<string> {
    const { id = this.#newId() } = options
    if (this.#wake === null) throw noJobStore('start saga')
    await this.#wake.begin(id, this.#newSaga(checkId(id), input ?? null))
    return id
  }

  /**
   * Goes on with a saga in this process: after a crash, or after `retry` and `skip` where there is
   * no job store.
   *
   * @throws SagaError `saga_unknown` when none of that id is kept; otherwise as `run`
   */
  async resume(
    id: string,
    options: Pick<RunSagaOptions, 'signal'> = {},
  ): Promise<SagaOutcome<Results>> {
    const { signal } = options
    signal?.throwIfAborted()
    return this.#outcomeOf(id, await this.#drive(checkId(id), { signal, patient: true }), signal)
  }

  /** @returns All that the journal knows of a saga, or `null` when none of that id is kept */
  async inspect(id: string): Promise<SagaView | null> {
    const entry = await this.#journal.read(checkId(id))
    return entry === null ? null : { id, ...entry.saga }
  }

  /** @returns Sagas that wait for a person, at most `limit` (1 to 1,000, default 100) */
  async listStuck(
    options: { readonly limit?: number } = {},
  ): Promise<readonly { readonly id: string; readonly stuck: SagaStuck }[]> {
    return this.#journal.listStuck(options.limit ?? 100)
  }

  /**
   * Lets a stuck saga try the step at which it is stuck again, with all its attempts. The worker
   * goes on with it, or `resume`.
   *
   * @throws SagaError `saga_unknown`, or `saga_not_stuck` (also when somebody else was faster)
   */
  async retry(id: string): Promise<void> {
    await this.#unstick(id, retried)
  }

  /**
   * Lets a stuck saga go on without the step at which it is stuck: a person has dealt with it.
   *
   * @param reason Kept with the step, 1 to 500 characters
   * @throws SagaError `saga_unknown`, or `saga_not_stuck` (also when somebody else was faster, or
   *   its definition is what is wrong)
   */
  async skip(id: string, reason: string): Promise<void> {
    if (reason.length < 1 || reason.length > 500)
      throw new RangeError(
        `Cannot skip saga step: the reason has ${reason.length} characters, 1 to 500 allowed`,
      )
    await this.#unstick(id, (saga) => skipped(saga, reason))
  }

  #worker({ signal: _signal, ...options }: Partial<SagaWorkerOptions>): JobWorker {
    const { jobStore, waker } = this.#options.backend
    if (jobStore === undefined) throw noJobStore('work sagas')
    return createJobWorker({
      onError: (error) => this.#report(`A worker of ${this.name} is in trouble`, error),
      ...options,
      processor: this.processor,
      jobStore: jobStore.queue(this.processor.queue),
      clock: this.#tools.clock,
      ...(waker !== undefined && { waker }),
    })
  }

  async #unstick(id: string, change: (saga: SagaState) => SagaState): Promise<void> {
    const entry = await this.#journal.read(checkId(id))
    if (entry === null) throw sagaUnknown(id)
    const saga = change(entry.saga)
    if (saga === entry.saga) throw notStuck(id)
    // The job comes first, and late: whatever happens to this process, it finds the saga changed or
    // still stuck.
    const jobId = await this.#wake?.insure(id, null, this.#leaseMs)
    if (!(await this.#journal.amend(entry, saga))) throw notStuck(id)
    if (jobId !== undefined) await this.#wake?.promote(jobId)
  }

  #drive(
    id: string,
    options: Pick<DriveOptions, 'create' | 'signal' | 'patient'>,
  ): Promise<DriveResult> {
    return driveSaga(id, {
      ...this.#tools,
      ...options,
      journal: this.#journal,
      definitions: this.#known(),
      leaseMs: this.#leaseMs,
    })
  }

  #outcomeOf(
    id: string,
    result: DriveResult,
    signal: AbortSignal | undefined,
  ): SagaOutcome<Results> {
    switch (result.kind) {
      case 'ended':
      case 'stuck':
        return outcomeOf<Results>(id, result.saga)
      case 'absent':
        throw sagaUnknown(id)
      case 'newer':
        throw new SagaError(
          'saga_version',
          `Cannot run saga ${JSON.stringify(id)}: version ${result.version} began it, which this code does not know yet`,
        )
      case 'called-off':
        throw signal?.reason
      case 'waiting':
      case 'busy':
        throw new SagaError(
          'saga_in_progress',
          `Cannot run saga ${JSON.stringify(id)}: it is driven elsewhere`,
          { retryAfterMs: this.#leaseMs },
        )
    }
  }

  #newSaga(id: string, input: Json): SagaState {
    const bytes = utf8Length(inputText(id, input))
    if (bytes > MAX_INPUT_BYTES) {
      throw new RangeError(
        `Cannot run saga ${JSON.stringify(id)}: its input has ${bytes} bytes, at most ${MAX_INPUT_BYTES} allowed`,
      )
    }
    const [latest] = this.#known()
    if (latest === undefined) throw new TypeError('Cannot run saga: it is not defined')
    return newSaga(latest.version, latest.steps, input)
  }

  /** Every version that can be run, the latest first. */
  #known(): readonly SagaDefinition[] {
    const { saga, earlier = [], name = 'saga', version = 1 } = this.#options
    this.#definitions ??= [saga ?? sagaOf(name, version, this.#steps), ...earlier].map(
      ({ name: of, version: at, steps }) => ({ name: of, version: at, steps }),
    )
    return this.#definitions
  }

  #newId(): string {
    return encodeHex(this.#tools.random.bytes(16))
  }
}

function isWorkerOptions(given: unknown): given is SagaWorkerOptions {
  return (
    typeof given === 'object' &&
    given !== null &&
    'signal' in given &&
    given.signal instanceof AbortSignal
  )
}

function noJobStore(action: string): SagaError {
  return new SagaError(
    'saga_no_job_store',
    `Cannot ${action}: the backend of the orchestrator has no job store, give it one or use run(input)`,
  )
}

function outcomeOf<Results>(id: string, saga: SagaState): SagaOutcome<Results> {
  if (saga.stuck !== null) return { id, status: 'stuck', stuck: saga.stuck }
  if (saga.cause !== null) return { id, status: 'compensated', cause: saga.cause }
  // Each step of the definition has put its result there.
  return { id, status: 'completed', results: resultsOf(saga) as Results }
}

/** @throws TypeError when JSON would not give `input` back as it is */
function inputText(id: string, input: Json): string {
  try {
    return stringifyJson(input)
  } catch (cause) {
    const fault = readThrown(cause).message.replace(/^.*?: value/, 'input')
    throw new TypeError(`Cannot run saga ${JSON.stringify(id)}: ${fault}`, { cause })
  }
}

function checkId(id: string): string {
  const bytes = utf8Length(id)
  if (bytes >= 1 && bytes <= 200) return id
  throw new RangeError(`Cannot use saga: its id has ${bytes} bytes, 1 to 200 allowed`)
}

function sagaUnknown(id: string): SagaError {
  return new SagaError(
    'saga_unknown',
    `Cannot use saga ${JSON.stringify(id)}: none of that id is kept`,
  )
}

function notStuck(id: string): SagaError {
  return new SagaError(
    'saga_not_stuck',
    `Cannot change saga ${JSON.stringify(id)}: it is not stuck at a step, or somebody else has changed it`,
  )
}
