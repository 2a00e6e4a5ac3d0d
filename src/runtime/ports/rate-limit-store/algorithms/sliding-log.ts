import type { FullSlidingLog } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS } from '../rate-limit-limits.ts'
import type { SlidingLogRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'
import { counted } from './counted.ts'

/** Requests that passed, oldest first: how old each was at `at`, and what it cost. */
export interface SlidingLogState {
  readonly at: number
  readonly requests: readonly LoggedRequest[]
}

interface LoggedRequest {
  readonly ageMs: number
  readonly cost: number
}

/** Every request of the window. A receipt is when what was taken. */
export const slidingLog: Algorithm<FullSlidingLog, SlidingLogState, SlidingLogRateLimit> = {
  name: 'sliding-log',
  mostUnits: RATE_LIMIT_LIMITS.entries,

  read({ algorithm, windowMs }, common, check) {
    checkUnits(check, common, common.limit)
    return {
      algorithm,
      ...common,
      windowMs: check('windowMs', windowMs, 1, RATE_LIMIT_LIMITS.windowMs),
    }
  },

  ...counted<FullSlidingLog, SlidingLogState>({
    used: ({ requests }) => usedOf(requests),
    end: ({ at }) => at,
    add,
    remove: (state) => state,
  }),

  advance({ windowMs }, state, now) {
    if (state === null) return { at: now, requests: [] }
    const passed = elapsedMs(state.at, now)
    const requests = state.requests
      .map(({ ageMs, cost }) => ({ ageMs: ageMs + passed, cost }))
      .filter(({ ageMs }) => ageMs < windowMs)
    return { at: now, requests }
  },

  receipt: ({ cost }, { at }) => [at, cost],

  settle({ limit, cost }, state, taken) {
    const { at } = state
    let back = taken.cost - cost
    if (back < 0) {
      const more = Math.max(Math.min(-back, limit - usedOf(state.requests)), 0)
      if (more === 0) return { state, taken }
      const receipt = [...taken.receipt, at, more]
      return { state: add(state, more), taken: { cost: taken.cost + more, receipt } }
    }
    // What was taken last is given back first.
    const receipt = [...taken.receipt]
    const requests = [...state.requests]
    while (back > 0 && receipt.length > 0) {
      const [takenAt = 0, sum = 0] = receipt.splice(-2)
      const given = Math.min(sum, back)
      back -= given
      if (given < sum) receipt.push(takenAt, sum - given)
      const index = requests.findIndex(({ ageMs }) => at - ageMs === takenAt)
      const request = requests[index]
      if (request !== undefined) requests[index] = { ...request, cost: request.cost - given }
    }
    const left = requests.filter((request) => request.cost > 0)
    return { state: { at, requests: left }, taken: { cost, receipt } }
  },

  waitMs({ limit, reserve, windowMs }, { requests }, cost) {
    let over = usedOf(requests) + cost - (limit - reserve)
    if (over <= 0) return 0
    for (const request of requests) {
      over -= request.cost
      if (over <= 0) return windowMs - request.ageMs
    }
    return windowMs
  },

  restMs: ({ windowMs }, { requests }) => {
    const last = requests.at(-1)
    return last === undefined ? 0 : windowMs - last.ageMs
  },

  encode: ({ at, requests }) =>
    [at, ...requests.flatMap(({ ageMs, cost }) => [ageMs, cost])].join(' '),

  decode(text) {
    const [at = 0, ...numbers] = text.split(' ').map(Number)
    const requests: LoggedRequest[] = []
    for (let index = 0; index < numbers.length; index += 2)
      requests.push({ ageMs: numbers[index] ?? 0, cost: numbers[index + 1] ?? 0 })
    return { at, requests }
  },
}

/** What passes in the same ms is one entry, so that there are never more than the limit. */
function add({ at, requests }: SlidingLogState, cost: number): SlidingLogState {
  const last = requests.at(-1)
  if (last?.ageMs !== 0) return { at, requests: [...requests, { ageMs: 0, cost }] }
  return { at, requests: [...requests.slice(0, -1), { ageMs: 0, cost: last.cost + cost }] }
}

function usedOf(requests: readonly LoggedRequest[]): number {
  let used = 0
  for (const { cost } of requests) used += cost
  return used
}
