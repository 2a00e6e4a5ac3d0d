import type { FullBan } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS } from '../rate-limit-limits.ts'
import type { BanRateLimit } from '../rate-limit-store.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'

/** Offences of the window at hand, the ban at hand, and how often there was one. */
export interface BanState {
  readonly at: number
  readonly windowRest: number
  readonly offences: number
  readonly banRest: number
  readonly bans: number
  readonly forgetRest: number
}

/** After so many bans none gets longer: any limit of length is reached by then. */
const MOST_BANS = 50

/** Offences that one call can tell of. */
const MOST_OFFENCES = 1e6

/** Bans that get longer. It is not settled: who was banned wrongly is reset. */
export const ban: Algorithm<FullBan, BanState, BanRateLimit> = {
  name: 'ban',

  read(given, common, check) {
    const { windowMs: longest } = RATE_LIMIT_LIMITS
    check('reserve', common.reserve, 0, common.limit - 1)
    check('cost', common.cost, 0, MOST_OFFENCES)
    const banMs = check('banMs', given.banMs, 1, longest)
    return {
      ...{ algorithm: given.algorithm, ...common, banMs },
      windowMs: check('windowMs', given.windowMs, 1, longest),
      maxBanMs: check('maxBanMs', given.maxBanMs, banMs, longest),
      forgetMs: check('forgetMs', given.forgetMs, 0, longest),
    }
  },

  advance(_limit, state, now) {
    if (state === null)
      return { at: now, windowRest: 0, offences: 0, banRest: 0, bans: 0, forgetRest: 0 }
    const passed = elapsedMs(state.at, now)
    const windowRest = Math.max(state.windowRest - passed, 0)
    const forgetRest = Math.max(state.forgetRest - passed, 0)
    return {
      at: now,
      windowRest,
      offences: windowRest === 0 ? 0 : state.offences,
      banRest: Math.max(state.banRest - passed, 0),
      bans: forgetRest === 0 ? 0 : state.bans,
      forgetRest,
    }
  },

  admits: (_limit, { banRest }) => banRest === 0,

  charge(limit, state) {
    const offences = state.offences + limit.cost
    if (offences < limit.limit) {
      const windowRest = state.offences === 0 ? limit.windowMs : state.windowRest
      return { ...state, windowRest, offences }
    }
    const banRest = Math.min(limit.banMs * 2 ** state.bans, limit.maxBanMs)
    return {
      at: state.at,
      windowRest: 0,
      offences: 0,
      banRest,
      bans: Math.min(state.bans + 1, MOST_BANS),
      forgetRest: banRest + limit.forgetMs,
    }
  },

  receipt: () => [],

  settle: ({ cost }, state, { receipt }) => ({ state, taken: { cost, receipt } }),

  remaining: ({ limit }, { banRest, offences }) =>
    banRest > 0 ? 0 : Math.max(limit - offences, 0),

  waitMs: (_limit, { banRest }) => banRest,

  restMs: (_limit, { windowRest, forgetRest }) => Math.max(windowRest, forgetRest),

  encode: ({ at, windowRest, offences, banRest, bans, forgetRest }) =>
    `${at} ${windowRest} ${offences} ${banRest} ${bans} ${forgetRest}`,

  decode(text) {
    const [at = 0, windowRest = 0, offences = 0, banRest = 0, bans = 0, forgetRest = 0] = text
      .split(' ')
      .map(Number)
    return { at, windowRest, offences, banRest, bans, forgetRest }
  },
}
