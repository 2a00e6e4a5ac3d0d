import { timeZone, type TimeZone } from '../../../primitives/time-zone.ts'
import { ScheduleError } from './schedule-error.ts'

/** @throws {ScheduleError} `bad_timezone` when this runtime does not know the name */
export function scheduleZone(name: string): TimeZone {
  try {
    return timeZone(name)
  } catch (error) {
    throw new ScheduleError('bad_timezone', error instanceof Error ? error.message : '', {
      cause: error,
    })
  }
}
