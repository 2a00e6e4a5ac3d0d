import { settleWithin } from '../../../primitives/settle-within.ts'
import type { Backend } from '../../ports/backend.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { WakeMessage } from './wake-message.ts'

/**
 * Whoever works a queue when it wakes: a job queue, or a queue's name with the `drain` of its job
 * worker.
 */
export type WokenWorker = (
  | { readonly queue: string }
  | { readonly processors: readonly { readonly queue: string }[] }
) & {
  /** Works until nothing can be run right now. @returns How many jobs were settled */
  drain(): Promise<number>
}

/** What a {@link WakeHandler} needs. */
export interface WakeHandlerOptions {
  /** Asked after the work when it is to go on, and woken for then. */
  readonly backend: Pick<Backend, 'jobStore' | 'waker'>
  readonly workers: readonly WokenWorker[]
  /** After this the wake is answered and woken anew, while the work may go on. */
  readonly timeLimitMs: number
  readonly clock: Clock
}

/** What became of a wake. */
export type WakeAnswer =
  /**
   * `settled` is `null` when the time limit came first. `wakeInMs` is when it wakes again, `null`
   * when nothing waits.
   */
  | { readonly kind: 'worked'; readonly settled: number | null; readonly wakeInMs: number | null }
  /** It came as late as the engine can hold a message, was not due yet and is under way again. */
  | { readonly kind: 'early' }
  /** No worker here is for this queue. */
  | { readonly kind: 'unknown_queue' }

/**
 * Answers one wake. @throws BackendError or what `drain` throws when the job store cannot be
 * reached: wake again later
 */
export type WakeHandler = (wake: WakeMessage) => Promise<WakeAnswer>

/**
 * Ready jobs that this worker could not take, as where another one is just taking them, are looked
 * for again after this.
 */
const LEFT_ALONE_MS = 60_000

/**
 * Works the queue that woken, and sees to the next wake: what waits for a retry, for its time or
 * for the end of a lost lease has nobody else to wake for it.
 *
 * @throws RangeError when two workers are for one queue
 */
export function createWakeHandler(options: WakeHandlerOptions): WakeHandler {
  const { backend, timeLimitMs, clock } = options
  const workers = new Map<string, WokenWorker>()
  for (const worker of options.workers) {
    for (const queue of queuesOf(worker)) {
      if (workers.has(queue))
        throw new RangeError(
          `Cannot answer wakes: queue ${JSON.stringify(queue)} has two workers, one expected`,
        )
      workers.set(queue, worker)
    }
  }

  /** @returns When the queue wakes again */
  async function ringAgain(queue: string, settled: number | null): Promise<number | null> {
    let wakeInMs: number | null = 0
    if (settled !== null) {
      const rest = await backend.jobStore.queue(queue).exchange({})
      wakeInMs = rest.wakeInMs === 0 && settled === 0 ? LEFT_ALONE_MS : rest.wakeInMs
    }
    if (wakeInMs !== null) await backend.waker.wake(queue, wakeInMs)
    return wakeInMs
  }

  return async ({ queue, afterMs }) => {
    const worker = workers.get(queue)
    if (worker === undefined) return { kind: 'unknown_queue' }
    if (afterMs > 0) {
      await backend.waker.wake(queue, afterMs)
      return { kind: 'early' }
    }
    const settled = await settleWithin(clock, timeLimitMs, worker.drain(), () => null)
    const wakes = await Promise.all(queuesOf(worker).map((name) => ringAgain(name, settled)))
    const soonest = Math.min(...wakes.map((wakeInMs) => wakeInMs ?? Infinity))
    return { kind: 'worked', settled, wakeInMs: soonest === Infinity ? null : soonest }
  }
}

function queuesOf(worker: WokenWorker): readonly string[] {
  return 'queue' in worker ? [worker.queue] : worker.processors.map(({ queue }) => queue)
}
