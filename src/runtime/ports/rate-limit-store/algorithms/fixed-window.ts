import type { FullFixedWindow } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS } from '../rate-limit-limits.ts'
import type { FixedWindowRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'
import { counted } from './counted.ts'

/** What was used of the window that had `rest` ms left at `at`. */
export interface FixedWindowState {
  readonly at: number
  readonly rest: number
  readonly used: number
}

/** Windows from multiples of their length. */
export const fixedWindow: Algorithm<FullFixedWindow, FixedWindowState, FixedWindowRateLimit> = {
  name: 'fixed-window',

  read({ algorithm, windowMs }, common, check) {
    checkUnits(check, common, common.limit)
    return {
      algorithm,
      ...common,
      windowMs: check('windowMs', windowMs, 1, RATE_LIMIT_LIMITS.windowMs),
    }
  },

  ...counted<FullFixedWindow, FixedWindowState>({
    used: ({ used }) => used,
    end: ({ at, rest }) => at + rest,
    add: (state, units) => ({ ...state, used: state.used + units }),
    remove: (state, units, end) =>
      state.at + state.rest === end ? { ...state, used: Math.max(state.used - units, 0) } : state,
  }),

  advance({ limit, windowMs }, state, now) {
    const left = state === null ? 0 : state.rest - elapsedMs(state.at, now)
    if (state === null || left <= 0) return { at: now, rest: windowMs - (now % windowMs), used: 0 }
    return { at: now, rest: Math.min(left, windowMs), used: Math.min(state.used, limit) }
  },

  isCut: ({ windowMs }, state, now) => state.rest - elapsedMs(state.at, now) > windowMs,

  waitMs: ({ limit, reserve }, { used, rest }, cost) => (used + cost <= limit - reserve ? 0 : rest),

  restMs: (_limit, { used, rest }) => (used === 0 ? 0 : rest),

  encode: ({ at, rest, used }) => `${at} ${rest} ${used}`,

  decode(text) {
    const [at = 0, rest = 0, used = 0] = text.split(' ').map(Number)
    return { at, rest, used }
  },
}
