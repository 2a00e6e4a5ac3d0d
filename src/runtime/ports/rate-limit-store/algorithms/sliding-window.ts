import { divideProduct } from '../../../../primitives/divide-product.ts'
import type { FullSlidingWindow } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS } from '../rate-limit-limits.ts'
import type { SlidingWindowRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'
import { counted } from './counted.ts'

/** What was used of the window that had `rest` ms left at `at`, and of the one before it. */
export interface SlidingWindowState {
  readonly at: number
  readonly rest: number
  readonly current: number
  readonly previous: number
  readonly windowMs: number
}

/** Two windows, the earlier one weighed by what a sliding window still covers. */
export const slidingWindow: Algorithm<
  FullSlidingWindow,
  SlidingWindowState,
  SlidingWindowRateLimit
> = {
  name: 'sliding-window',

  read({ algorithm, windowMs }, common, check) {
    checkUnits(check, common, common.limit)
    return {
      algorithm,
      ...common,
      windowMs: check('windowMs', windowMs, 1, RATE_LIMIT_LIMITS.windowMs),
    }
  },

  ...counted<FullSlidingWindow, SlidingWindowState>({
    used: usedOf,
    end: ({ at, rest }) => at + rest,
    add: (state, units) => ({ ...state, current: state.current + units }),
    remove(state, units, end) {
      const { at, rest, current, previous, windowMs } = state
      if (at + rest === end) return { ...state, current: Math.max(current - units, 0) }
      if (at + rest - windowMs !== end) return state
      return { ...state, previous: Math.max(previous - units, 0) }
    },
  }),

  advance(limit, state, now) {
    const { windowMs } = limit
    const unused = { at: now, rest: windowMs - (now % windowMs), current: 0, previous: 0, windowMs }
    if (state === null) return unused
    const rolled = roll(state, now)
    if (rolled === null) return unused
    const current = Math.min(rolled.current, limit.limit)
    const previous = Math.min(rolled.previous, limit.limit)
    const moved = { ...rolled, current, previous }
    if (moved.windowMs === windowMs) return moved
    // What weighs in windows of another length weighs in this one.
    return { ...unused, current: Math.min(usedOf(moved), limit.limit) }
  },

  isCut: ({ windowMs }, state, now) => state.windowMs !== windowMs && roll(state, now) !== null,

  waitMs({ limit, reserve }, state, cost) {
    const { rest, current, previous, windowMs } = state
    const room = limit - reserve - cost
    if (usedOf(state) <= room) return 0
    // The earlier window may weigh this much: how much of the current one is left then?
    if (current <= room) return rest - divideProduct(room - current, windowMs, previous)
    return rest + windowMs - divideProduct(room, windowMs, current)
  },

  restMs: (_limit, { rest, current, previous, windowMs }) =>
    current > 0 ? rest + windowMs : previous > 0 ? rest : 0,

  encode: ({ at, rest, current, previous, windowMs }) =>
    `${at} ${rest} ${current} ${previous} ${windowMs}`,

  decode(text) {
    const [at = 0, rest = 0, current = 0, previous = 0, windowMs = 1] = text.split(' ').map(Number)
    return { at, rest, current, previous, windowMs }
  },
}

/** What weighs now: a part of a unit counts as one. */
function usedOf({ current, previous, rest, windowMs }: SlidingWindowState): number {
  return current + (previous === 0 ? 0 : -divideProduct(-previous, rest, windowMs))
}

/** The state's own windows at `now`; `null` when nothing of them weighs any more. */
function roll(state: SlidingWindowState, now: number): SlidingWindowState | null {
  const rest = state.rest - elapsedMs(state.at, now)
  if (rest > 0) return { ...state, at: now, rest }
  const next = rest + state.windowMs
  if (next <= 0) return null
  return { ...state, at: now, rest: next, current: 0, previous: state.current }
}
