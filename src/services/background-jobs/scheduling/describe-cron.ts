import { describeDays } from './describe-days.ts'
import { describeTimes } from './describe-times.ts'
import { parseCron } from './parse-cron.ts'
import { scheduleZone } from './schedule-zone.ts'

/**
 * Says in English when a cron expression runs: `At 09:00, Monday through Friday (Europe/Berlin
 * time)`.
 *
 * It is made from what the expression means, not from how it is written: two expressions that run
 * at different wall clock times have different descriptions.
 *
 * @param timezone Named in the description. Default: left out
 * @throws {ScheduleError} When the expression or the time zone is not valid
 *
 * @example
 * describeCron('0 9 * * 1-5')
 */
export function describeCron(cron: string, timezone?: string): string {
  const calendar = parseCron(cron)
  const times = describeTimes(calendar)
  // A time of day says nothing of the day; a pace such as "Every 2 hours" does.
  const isTime = calendar.hours.length < 24 && /^At | from /.test(times)
  const days = describeDays(calendar, isTime ? 'every day' : '')
  const when = days === '' ? times : `${times}, ${days}`
  if (timezone === undefined) return when
  scheduleZone(timezone)
  return `${when} (${timezone === 'UTC' ? 'UTC' : `${timezone} time`})`
}
