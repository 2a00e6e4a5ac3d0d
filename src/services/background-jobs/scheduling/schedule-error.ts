import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link ScheduleError}. */
export type ScheduleErrorCode =
  /**
   * Neither or both of `cron` and `every`, or an option that the kind of schedule does not have.
   */
  | 'bad_schedule'
  /** The cron expression cannot be read; the message names the field. */
  | 'bad_cron'
  /** Not a time zone that this runtime knows. */
  | 'bad_timezone'
  | 'bad_dst'
  | 'bad_every'
  /** `start` or `end` is no instant, or `end` is not after `start`. */
  | 'bad_window'
  | 'bad_limit'
  | 'bad_misfire'
  | 'bad_overlap'
  /**
   * The schedule can be read, but has no run at all: 30 February, or nothing between `start` and
   * `end`.
   */
  | 'never_runs'

/** A schedule, or a policy of one, is not valid. */
export class ScheduleError extends InfrastructureError<ScheduleErrorCode> {
  override readonly name = 'ScheduleError'

  constructor(code: ScheduleErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: 400 })
  }
}
