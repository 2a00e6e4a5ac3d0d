import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { systemReport, type Report } from '../../ports/platform/report.ts'
import type { SagaDefinition } from './saga.ts'

/** What a {@link import('./saga-orchestrator.ts').SagaOrchestrator} is made of. */
export interface SagaOrchestratorOptions<Input = Json, Results = unknown> {
  /**
   * Where the sagas are kept. Its job store wakes a worker for sagas whose driver has crashed, and
   * holds those begun by `start`; without one (`{ store }`) only `run` and `resume` drive sagas.
   */
  readonly backend: Pick<Backend, 'store'> & Partial<Pick<Backend, 'jobStore' | 'waker'>>
  /** The queue of those jobs. Default `saga.` and the saga's name. */
  readonly queue?: string
  /** What is run. Default: the steps given to `addStep`. */
  readonly saga?: SagaDefinition<Input, Results>
  /** Earlier versions whose sagas may still be running. Default: none. */
  readonly earlier?: readonly SagaDefinition[]
  /** Name of the saga whose steps `addStep` adds. Default `saga`. */
  readonly name?: string
  /** Its version: to be changed with its steps. Default 1. */
  readonly version?: number
  /**
   * How long after its driver has crashed a saga can be driven again, 100 ms to 1 day. Default 10
   * s.
   */
  readonly lease?: Duration
  /** How long a saga that has ended is kept, 1 min to 10 years. Default 14 days. */
  readonly keep?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /** Hears once of each version whose sagas wait as no worker knows it. Default: the console. */
  readonly report?: Report
}

const DAY_MS = 86_400_000
const CREATE = 'create saga orchestrator'
const OPTIONAL = [
  'queue',
  'saga',
  'earlier',
  'name',
  'version',
  'lease',
  'keep',
  'clock',
  'random',
  'report',
] as const

/** @throws RangeError when an option is out of range */
export function checkSagaOptions<Input, Results>(
  options: SagaOrchestratorOptions<Input, Results>,
): {
  readonly name: string
  readonly queue: string
  readonly leaseMs: number
  readonly keepMs: number
  readonly clock: Clock
  readonly random: RandomSource
  readonly report: Report
} {
  checkOptions(CREATE, options, ['backend'], OPTIONAL)
  checkParts(CREATE, 'backend', options.backend, ['store'])
  const { saga, earlier = [], lease = 10_000, keep = 14 * DAY_MS } = options
  const name = saga?.name ?? options.name ?? 'saga'
  const others = [...earlier.map((definition) => definition.name), options.name ?? name]
  if (others.some((other) => other !== name)) {
    throw new RangeError(
      `Cannot create saga orchestrator: definitions of ${[name, ...others].join(', ')} given, one name expected`,
    )
  }
  return {
    name,
    queue: options.queue ?? `saga.${name}`,
    leaseMs: checkDuration(CREATE, 'lease', lease, 100, DAY_MS),
    keepMs: checkDuration(CREATE, 'keep', keep, 60_000, 3652 * DAY_MS),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    report: options.report ?? systemReport,
  }
}
