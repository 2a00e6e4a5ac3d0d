import { durationMs, type Duration } from '../../../primitives/duration.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import type { JobStore } from '../../ports/job-store/job-store.ts'
import type { Json } from '../../ports/json.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import type { SagaDefinition } from './saga.ts'

/** What a {@link import('./saga-orchestrator.ts').SagaOrchestrator} is made of. A backend holds `store`, `jobStore` and `waker`. */
export interface SagaOrchestratorOptions<Input = Json, Results = unknown> {
  /** Where the sagas are kept. */
  readonly store: AtomicStore
  /** Wakes a worker for sagas whose driver has crashed, and runs those begun by `start`. Default: none; `resume` goes on with them. */
  readonly jobStore?: JobStore
  /** Wakes when a job is added to the job store. Default: none, the worker looks by itself. */
  readonly waker?: Pick<Waker, 'wake'>
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
  /** How long after its driver has crashed a saga can be driven again, 100 ms to 1 day. Default 10 s. */
  readonly lease?: Duration
  /** How long a saga that has ended is kept, 1 min to 10 years. Default 14 days. */
  readonly keep?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

const DAY_MS = 86_400_000

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
} {
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
    leaseMs: checkMs('lease', lease, 100, DAY_MS),
    keepMs: checkMs('keep', keep, 60_000, 3652 * DAY_MS),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}

function checkMs(name: string, duration: Duration, least: number, most: number): number {
  const ms = durationMs(duration)
  if (ms >= least && ms <= most) return ms
  throw new RangeError(
    `Cannot create saga orchestrator: ${name} is ${ms} ms, ${least} to ${most} allowed`,
  )
}
