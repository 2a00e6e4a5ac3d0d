/**
 * Wakes whoever works a queue.
 *
 * A ring may be lost, doubled, late or early without harm: the ledger decides what there is to do. So a doorbell only
 * saves waiting; a worker also looks on its own when the ledger's next wake is due.
 * The laws are in `doorbell.conformance.ts`.
 */
export interface Doorbell {
  /**
   * Says that `queue` may have work `inMs` from now (0: at once). Never throws for want of a listener.
   *
   * @throws BackendError when the ring could not be sent; the caller may ignore it
   */
  ring(queue: string, inMs: number): Promise<void>

  /**
   * Calls `wake` when `queue` rings. Where the platform itself starts the worker (a Durable Object's alarm, a queue
   * consumer) there is nothing to listen for, and this is `undefined`.
   *
   * @returns Stops listening
   */
  readonly listen?: (queue: string, wake: () => void) => () => void
}
