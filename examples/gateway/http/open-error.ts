import type { InfrastructureError } from '@white-cross/reuse/infrastructure/runtime/ports'

/** An error whose message may be shown whatever its status. */
export class OpenError extends Error {
  override readonly name = 'OpenError'
  override readonly cause: InfrastructureError
  readonly status: number

  constructor(cause: InfrastructureError) {
    super(cause.message)
    this.cause = cause
    this.status = cause.status
  }
}
