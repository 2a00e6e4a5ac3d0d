import type { WorkObservation } from './observation.ts'
import { Observed, type ObserverHost, type WorkStart } from './observed.ts'

/** Work without a request. */
export class ObservedWork extends Observed implements WorkObservation {
  constructor(host: ObserverHost, start: WorkStart, fields: object) {
    super(host, start, 'consumer', {})
    this.set(fields)
  }

  protected get transaction(): string {
    return this.start.name
  }

  async run<Result>(
    act: (observation: WorkObservation) => Result | Promise<Result>,
  ): Promise<Result> {
    return this.within(async () => {
      const { name } = this.start
      try {
        const result = await act(this)
        this.finish('info', 'work done', { work: name, durationMs: this.passedMs() })
        return result
      } catch (error) {
        const durationMs = this.passedMs()
        this.span?.recordError(error)
        this.host.report(error, this.details(false))
        this.finish('error', 'work failed', { work: name, durationMs, err: error })
        throw error
      }
    })
  }
}
