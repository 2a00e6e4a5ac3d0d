import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link MetricError}. */
export type MetricErrorCode =
  /** A metric of this name was made before with another type, other labels or other bounds. */
  | 'defined_otherwise'
  /**
   * The store has a metric of this name from another version of the program; see
   * `MetricsService.forget`.
   */
  | 'stored_otherwise'

/** A metric is not what one of its name was before. */
export class MetricError extends InfrastructureError<MetricErrorCode> {
  override readonly name = 'MetricError'
}
