import { createLruCache } from './lru-cache.ts'

/** How a place sets its clocks. */
export interface TimeZone {
  /** How far its clocks are ahead of UTC at an instant, in ms. */
  offsetAt(instantMs: number): number
  /** The first change of its clocks with `afterMs < at <= untilMs`. */
  nextChange(afterMs: number, untilMs: number): OffsetChange | null
}

/** Clocks are put forward or back. */
export interface OffsetChange {
  /** The first instant of the new offset, ms since 1970. */
  readonly at: number
  /** Offsets in ms. */
  readonly before: number
  readonly after: number
}

const ZONES_HELD = 64
const SPANS_HELD = 64
const MAX_NAME_LENGTH = 64
const DAY_MS = 86_400_000
/**
 * No place has ever changed its clocks twice within 6 days since 1970: equal offsets 4 days apart
 * mean no change between.
 */
const PROBE_MS = 4 * DAY_MS
const SPAN_MS = 32 * DAY_MS

const zones = createLruCache<TimeZone>(ZONES_HELD)

/**
 * The clock changes of a time zone, learnt from this runtime's `Intl`, from 1970 on.
 *
 * @param name IANA name (`Europe/Berlin`), `UTC`, or a fixed offset (`+05:30`)
 * @throws RangeError when this runtime does not know the name
 */
export function timeZone(name: string): TimeZone {
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH) throw badTimeZone(name)
  const held = zones.get(name)
  if (held !== undefined) return held
  const zone = readTimeZone(name)
  zones.set(name, zone)
  return zone
}

/** A stretch of time with the changes in it; one at its very end is its own, not the next one's. */
interface Span {
  readonly offsetAtStart: number
  readonly changes: readonly OffsetChange[]
}

/**
 * The instant at which the clocks of a zone show a wall clock time.
 *
 * A time that is skipped when clocks are put forward is taken as if they had not been: 02:30 is
 * then 03:30. One that is shown twice is the first of the two.
 *
 * @param wallMs The wall clock time, as the ms since 1970 that a clock showing UTC would have
 * @returns ms since 1970
 */
export function instantOfWallTime(zone: TimeZone, wallMs: number): number {
  // Both offsets that can be in force around then; the larger one gives the earlier instant.
  const offsets = [zone.offsetAt(wallMs - DAY_MS), zone.offsetAt(wallMs + DAY_MS)]
  const instants = [...offsets, zone.offsetAt(wallMs)].map((offset) => wallMs - offset)
  const shown = instants.filter((instant) => instant + zone.offsetAt(instant) === wallMs)
  if (shown.length > 0) return Math.min(...shown)
  const change = zone.nextChange(wallMs - 2 * DAY_MS, wallMs + 2 * DAY_MS)
  return wallMs - (change?.before ?? zone.offsetAt(wallMs))
}

function readTimeZone(name: string): TimeZone {
  if (name === 'UTC') return { offsetAt: () => 0, nextChange: () => null }
  const format = createFormat(name)
  const spans = new Map<number, Span>()
  const spanAt = (index: number): Span => {
    const held = spans.get(index)
    if (held !== undefined) return held
    const span = readSpan(format, index)
    if (spans.size >= SPANS_HELD) spans.clear()
    spans.set(index, span)
    return span
  }
  return {
    offsetAt(instantMs) {
      const { offsetAtStart, changes } = spanAt(Math.floor(instantMs / SPAN_MS))
      return changes.findLast(({ at }) => at <= instantMs)?.after ?? offsetAtStart
    },
    nextChange(afterMs, untilMs) {
      for (let index = Math.floor(afterMs / SPAN_MS); index * SPAN_MS < untilMs; index++) {
        const change = spanAt(index).changes.find(({ at }) => at > afterMs)
        if (change !== undefined) return change.at <= untilMs ? change : null
      }
      return null
    },
  }
}

function createFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    throw badTimeZone(name, error)
  }
}

function readSpan(format: Intl.DateTimeFormat, index: number): Span {
  const start = index * SPAN_MS
  const offsetAtStart = readOffset(format, start)
  const changes: OffsetChange[] = []
  let before = offsetAtStart
  for (let probe = start + PROBE_MS; probe <= start + SPAN_MS; probe += PROBE_MS) {
    const after = readOffset(format, probe)
    if (after !== before)
      changes.push({ at: findChange(format, probe - PROBE_MS, probe, before), before, after })
    before = after
  }
  return { offsetAtStart, changes }
}

/** The first whole second in `(from, to]` at which the offset is no longer `before`. */
function findChange(format: Intl.DateTimeFormat, from: number, to: number, before: number): number {
  let low = from
  let high = to
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000
    if (readOffset(format, middle) === before) low = middle
    else high = middle
  }
  return high
}

/** @param instantMs A whole second */
function readOffset(format: Intl.DateTimeFormat, instantMs: number): number {
  const wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of format.formatToParts(instantMs))
    if (isField(type)) wall[type] = Number(value)
  return (
    Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second) - instantMs
  )
}

function isField(type: string): type is 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' {
  return /^(year|month|day|hour|minute|second)$/.test(type)
}

function badTimeZone(name: unknown, cause?: unknown): RangeError {
  const shown =
    typeof name === 'string' ? JSON.stringify(name.slice(0, MAX_NAME_LENGTH)) : typeof name
  return new RangeError(
    `Cannot use time zone ${shown}: this runtime does not know it, a name such as "Europe/Berlin" or "UTC" expected`,
    { cause },
  )
}
