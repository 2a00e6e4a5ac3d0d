import { InfrastructureError } from './infrastructure-error.ts'

/** A free function was called before its service was configured. */
export class NotConfiguredError extends InfrastructureError<'not_configured'> {
  override readonly name = 'NotConfiguredError'

  /**
   * @param action What could not be done, as in `deliver webhook`
   * @param call The missing call, as in `configureWebhooks({ backend })`
   */
  constructor(action: string, call: string) {
    super('not_configured', `Cannot ${action}: it is not configured, call ${call} first`)
  }
}
