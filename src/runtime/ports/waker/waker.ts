/**
 * Wakes whoever works a queue.
 *
 * A wake may be lost, doubled, late or early without harm: the job store decides what there is
 * to do. A waker only saves waiting, since a worker also looks when the store's next wake is due.
 * The laws are in `waker.conformance.ts`.
 */
export interface Waker {
  /**
   * Says that `queue` may have work `inMs` from now (0: at once). Does not throw when nobody
   * listens.
   *
   * @throws BackendError when the wake could not be sent; the caller may ignore it
   */
  wake(queue: string, inMs: number): Promise<void>

  /**
   * Calls `listener` when `queue` is woken. Where the platform itself starts the worker (a Durable
   * Object's alarm, a queue consumer) there is nothing to listen for, and this is `undefined`.
   *
   * @returns Stops listening
   */
  readonly onWake?: (queue: string, listener: () => void) => () => void
}
