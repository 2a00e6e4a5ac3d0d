import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/** A call was not made because its circuit is open: the other side has failed too much lately. */
export class CircuitOpenError extends InfrastructureError<'circuit_open'> {
  override readonly name = 'CircuitOpenError'
  /** Until when calls are refused at the latest, from now. */
  readonly retryAfterMs: number

  constructor(circuit: string, retryAfterMs: number, options?: ErrorOptions) {
    super(
      'circuit_open',
      `Cannot call ${JSON.stringify(circuit)}: its circuit is open, retry after ${retryAfterMs} ms`,
      { ...options, status: 503 },
    )
    this.retryAfterMs = retryAfterMs
  }
}
