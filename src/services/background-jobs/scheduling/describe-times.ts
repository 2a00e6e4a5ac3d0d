import type { CronCalendar } from './cron-calendar.ts'
import { listed, numbersOf, ordinal, stepOf } from './number-phrases.ts'

const MAX_TIMES_LISTED = 6

/** Says at which times of a day a calendar runs, as the beginning of a sentence. */
export function describeTimes(calendar: CronCalendar): string {
  const { seconds, minutes, hours } = calendar
  const wholeMinutes = isOnly(seconds, 0)
  return (
    (wholeMinutes ? everyFewHours(calendar) : null) ??
    (seconds.length * minutes.length * hours.length <= MAX_TIMES_LISTED
      ? `At ${listed(timesOf(calendar))}`
      : null) ??
    (wholeMinutes ? everyFewMinutes(calendar) : everyFewSeconds(calendar)) ??
    nested(calendar)
  )
}

/** One run an hour, in hours that follow one another evenly. */
function everyFewHours({ minutes, hours }: CronCalendar): string | null {
  const [minute] = minutes
  const [first, last] = [hours[0], hours.at(-1)]
  const step = stepOf(hours)
  if (minute === undefined || minutes.length > 1 || hours.length < 4 || step === null) return null
  const every = step === 1 ? 'Every hour' : `Every ${step} hours`
  if (hours.length === 24) return minute === 0 ? every : `${every} at ${minute} minutes past`
  const turnsDay = first === 0 && step * hours.length === 24
  if (turnsDay && minute === 0) return every
  return `${every} from ${clock(first, minute)} through ${clock(last, minute)}`
}

/** Runs evenly through whole hours that follow one another. */
function everyFewMinutes({ minutes, hours }: CronCalendar): string | null {
  const every = everyFew(minutes, 'minute')
  if (every === null || (hours.length > 1 && stepOf(hours) !== 1)) return null
  if (hours.length === 24) return every
  return `${every} from ${clock(hours[0], 0)} through ${clock(hours.at(-1), minutes.at(-1))}`
}

function everyFewSeconds({ seconds, minutes, hours }: CronCalendar): string | null {
  return minutes.length === 60 && hours.length === 24 ? everyFew(seconds, 'second') : null
}

/** What needs all of second, minute and hour said. */
function nested({ seconds, minutes, hours }: CronCalendar): string {
  const ofHours = `of ${chosen(hours, 'hour', 24)}`
  if (isOnly(seconds, 0))
    return `${everyFew(minutes, 'minute') ?? `At ${chosen(minutes, 'minute', 60)}`} ${ofHours}`
  const atSeconds = everyFew(seconds, 'second') ?? `At ${chosen(seconds, 'second', 60)}`
  return `${atSeconds} of ${chosen(minutes, 'minute', 60)} ${ofHours}`
}

/** Evenly spread over the whole minute or hour, from its beginning. */
function everyFew(numbers: readonly number[], unit: string): string | null {
  const step = stepOf(numbers)
  if (step === null || numbers[0] !== 0 || step * numbers.length !== 60) return null
  return step === 1 ? `Every ${unit}` : `Every ${step} ${unit}s`
}

function chosen(numbers: readonly number[], unit: string, of: number): string {
  const [first] = numbers
  const step = stepOf(numbers)
  if (numbers.length === of) return `every ${unit}`
  if (numbers.length === 1) return `${unit} ${first}`
  if (step !== null && step * numbers.length === of && first === 0 && numbers.length > 2)
    return `every ${ordinal(step)} ${unit}`
  return numbersOf(unit, numbers)
}

function timesOf({ seconds, minutes, hours }: CronCalendar): readonly string[] {
  return hours.flatMap((hour) =>
    minutes.flatMap((minute) =>
      seconds.map((second) =>
        isOnly(seconds, 0) ? clock(hour, minute) : `${clock(hour, minute)}:${twoDigits(second)}`,
      ),
    ),
  )
}

function clock(hour = 0, minute = 0): string {
  return `${twoDigits(hour)}:${twoDigits(minute)}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

function isOnly(numbers: readonly number[], only: number): boolean {
  return numbers.length === 1 && numbers[0] === only
}
