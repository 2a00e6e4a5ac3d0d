const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const MONTH = `(${MONTHS.join('|')})`
const TIME = String.raw`(\d\d):(\d\d):(\d\d)`

/** The preferred form of an HTTP date, and the two that a recipient must still accept. */
const IMF_FIXDATE = new RegExp(
  String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ${MONTH} (\d{4}) ${TIME} GMT$`,
)
const RFC850_DATE = new RegExp(
  String.raw`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-${MONTH}-(\d\d) ${TIME} GMT$`,
)
const ASCTIME_DATE = new RegExp(
  String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} ([ \d]\d) ${TIME} (\d{4})$`,
)

const MAX_LENGTH = 100

/**
 * Reads a `Retry-After` header: delta seconds or an HTTP date (RFC 9110 §10.2.3, §5.6.7).
 *
 * @param now ms since 1970, what a date is measured against
 * @returns Whole milliseconds from now, 0 for a date that has passed and without an upper bound
 *   (the caller sets one), or `null` when the header is neither form
 */
export function parseRetryAfter(value: string, now: number): number | null {
  const text = value.replace(/^[ \t]+|[ \t]+$/g, '')
  if (text.length > MAX_LENGTH) return null
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  const instant = parseHttpDate(text, now)
  return instant === null ? null : Math.max(Math.ceil(instant - now), 0)
}

function parseHttpDate(text: string, now: number): number | null {
  const fixdate = IMF_FIXDATE.exec(text)
  if (fixdate !== null) {
    const [, day, month, year, ...time] = fixdate
    return instantOf(Number(year), month, day, time)
  }
  const rfc850 = RFC850_DATE.exec(text)
  if (rfc850 !== null) {
    const [, day, month, year, ...time] = rfc850
    return latestOf(Number(year), now, (full) => instantOf(full, month, day, time))
  }
  const asctime = ASCTIME_DATE.exec(text)
  if (asctime === null) return null
  const [, month, day, hours, minutes, seconds, year] = asctime
  return instantOf(Number(year), month, day, [hours, minutes, seconds])
}

/**
 * The instant that a date with a two-digit year means: the latest of those that end so and lie at
 * most 50 years ahead (RFC 9110 §5.6.7).
 */
function latestOf(
  twoDigits: number,
  now: number,
  instantIn: (year: number) => number | null,
): number | null {
  const limit = new Date(now)
  const thisCentury = limit.getUTCFullYear() - (limit.getUTCFullYear() % 100)
  limit.setUTCFullYear(limit.getUTCFullYear() + 50)
  for (const century of [thisCentury + 100, thisCentury, thisCentury - 100]) {
    const instant = instantIn(century + twoDigits)
    if (instant !== null && instant <= limit.getTime()) return instant
  }
  return null
}

function instantOf(
  year: number,
  monthName: string | undefined,
  dayText: string | undefined,
  time: readonly (string | undefined)[],
): number | null {
  const month = MONTHS.indexOf(monthName ?? '')
  const day = Number(dayText)
  const [hours, minutes, seconds] = time.map(Number)
  if (hours === undefined || minutes === undefined || seconds === undefined) return null
  // A leap second is written as 60; Date carries it over into the next minute.
  if (hours > 23 || minutes > 59 || seconds > 60) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null
  return date.setUTCHours(hours, minutes, seconds)
}
