import type { FullCalendar } from '../full-rate-limit.ts'
import { BackendError } from '../../backend-error.ts'
import type { CalendarRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import type { Algorithm, CheckNumber } from './algorithm.ts'
import { counted } from './counted.ts'

/** What was used of a period; `at` is when it was looked at, 0 in what is stored. */
export interface CalendarState {
  readonly at: number
  readonly start: number
  readonly end: number
  readonly used: number
}

/** Periods between given instants. */
export const calendar: Algorithm<FullCalendar, CalendarState, CalendarRateLimit> = {
  name: 'calendar',

  read({ algorithm, periods }, common, check) {
    checkUnits(check, common, common.limit)
    return { algorithm, ...common, periods: checkPeriods(periods, check) }
  },

  ...counted<FullCalendar, CalendarState>({
    used: ({ used }) => used,
    end: ({ end }) => end,
    add: (state, units) => ({ ...state, used: state.used + units }),
    remove: (state, units, end) =>
      state.end === end ? { ...state, used: Math.max(state.used - units, 0) } : state,
  }),

  namesInstants: true,

  advance({ limit, periods }, state, now) {
    const { start, end } = periodAt(periods, now)
    if (state === null || now >= state.end) return { at: now, start, end, used: 0 }
    const used = Math.min(state.used, limit)
    if (hasBegun(state, now)) return { ...state, at: now, used }
    // Other periods were asked for before: what was used in the one at hand counts here.
    return { at: now, start, end, used }
  },

  isCut({ periods }, state, now) {
    const { start, end } = periodAt(periods, now)
    const isOther = state.start !== start || state.end !== end
    return isOther && now < state.end && !hasBegun(state, now)
  },

  waitMs: ({ limit, reserve }, { at, used, end }, cost) =>
    used + cost <= limit - reserve ? 0 : end - at,

  restMs: (_limit, { at, used, end }) => (used === 0 ? 0 : end - at),

  // The instant of the last look says nothing that is not known without it.
  encode: ({ start, end, used }) => `${start} ${end} ${used}`,

  decode(text) {
    const [start = 0, end = 0, used = 0] = text.split(' ').map(Number)
    return { at: 0, start, end, used }
  },
}

function checkPeriods(periods: readonly number[], check: CheckNumber): readonly number[] {
  check('the number of periods', Array.isArray(periods) ? periods.length : 0, 2, 16)
  return periods.map((start, index) =>
    check('a period', start, index === 0 ? 0 : (periods[index - 1] ?? 0) + 1, 8.64e15),
  )
}

function periodAt(periods: readonly number[], now: number): { start: number; end: number } {
  const index = periods.findIndex((from, at) => from <= now && now < (periods[at + 1] ?? from))
  const [start, end] = [periods[index], periods[index + 1]]
  if (start !== undefined && end !== undefined) return { start, end }
  throw new BackendError(
    'backend_failed',
    'Cannot check rate limit: the store’s clock is outside of all periods, one that goes like the caller’s expected',
  )
}

/**
 * Whether the clock has stepped back over the period's beginning, which has happened all the same.
 */
function hasBegun({ start, end }: CalendarState, now: number): boolean {
  return now < start && start - now <= end - start
}
