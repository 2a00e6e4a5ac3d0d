/** A call was not made because its circuit is open: the other side has failed too much lately. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError'
  readonly code = 'circuit_open'
  /** Until when calls are refused at the latest, from now. */
  readonly retryAfterMs: number

  constructor(circuit: string, retryAfterMs: number, options?: ErrorOptions) {
    super(
      `Cannot call ${JSON.stringify(circuit)}: its circuit is open, retry after ${retryAfterMs} ms`,
      options,
    )
    this.retryAfterMs = retryAfterMs
  }
}
