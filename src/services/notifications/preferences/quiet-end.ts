import { timeZone } from '../../../primitives/time-zone.ts'
import type { QuietHours } from './quiet-hours.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** What `quietUntil` answers. */
export function quietEnd(now: number, hours: QuietHours): number | null {
  const { start, end, zone } = readQuietHours(hours)
  let instant = now
  // Each turn goes past an end of the range or a change of clocks, of which few can follow one
  // another.
  for (let turn = 0; turn < 100; turn++) {
    const wall = mod(instant + zone.offsetAt(instant), DAY_MS)
    const isQuiet = start < end ? wall >= start && wall < end : wall >= start || wall < end
    if (!isQuiet) return instant === now ? null : instant
    const ends = instant + mod(end - wall, DAY_MS)
    instant = zone.nextChange(instant, ends)?.at ?? ends
  }
  throw new RangeError('Cannot keep quiet hours: they never end')
}

/** @throws RangeError when the hours or the zone are malformed */
export function checkQuietHours(hours: QuietHours): QuietHours {
  readQuietHours(hours)
  const { start, end, timeZone: name } = hours
  return { start, end, timeZone: name }
}

function readQuietHours(hours: QuietHours): {
  readonly start: number
  readonly end: number
  readonly zone: ReturnType<typeof timeZone>
} {
  const given: unknown = hours
  if (typeof given !== 'object' || given === null)
    throw new RangeError('Cannot keep quiet hours: they are no object of start, end and timeZone')
  const start = timeOf('start', hours.start)
  const end = timeOf('end', hours.end)
  if (start === end)
    throw new RangeError(
      'Cannot keep quiet hours: start and end are the same, switch the channel off in their place',
    )
  return { start, end, zone: timeZone(hours.timeZone) }
}

/** ms since midnight */
function timeOf(name: string, text: unknown): number {
  const [, hours, minutes] =
    typeof text === 'string' ? (/^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []) : []
  if (hours !== undefined && minutes !== undefined)
    return (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
  throw new RangeError(
    `Cannot keep quiet hours: ${name} is no time of day, 00:00 to 23:59 expected`,
  )
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by
}
