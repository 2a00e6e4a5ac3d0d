import type { FullRateLimit } from '../full-rate-limit.ts'
import type { Algorithm } from './algorithm.ts'

/** How an algorithm counts units in windows that have an end. */
export interface Counting<State> {
  /** Units that weigh now. */
  used(state: State): number
  /** When the window at hand ends, which names it in receipts. */
  end(state: State): number
  add(state: State, units: number): State
  /** Takes units off the window with that end, if it still weighs. */
  remove(state: State, units: number, end: number): State
}

/** What all algorithms that count have in common. A receipt is the end of the window. */
export function counted<Limit extends FullRateLimit, State>(
  counting: Counting<State>,
): Pick<Algorithm<Limit, State>, 'admits' | 'charge' | 'receipt' | 'remaining' | 'settle'> {
  const { used, end, add, remove } = counting
  return {
    admits: ({ limit, cost, reserve }, state) =>
      cost === 0 || used(state) + cost <= limit - reserve,
    charge: ({ cost }, state) => add(state, cost),
    receipt: (_limit, state) => [end(state)],
    remaining: ({ limit, reserve }, state) => Math.max(limit - reserve - used(state), 0),
    settle({ limit, cost }, state, taken) {
      const { receipt } = taken
      const [takenIn = 0] = receipt
      const back = taken.cost - cost
      if (back >= 0) return { state: remove(state, back, takenIn), taken: { cost, receipt } }
      const more = Math.max(Math.min(-back, limit - used(state)), 0)
      const before = takenIn === end(state) ? taken.cost : 0
      // What is taken in another window can be given back there, and only there.
      return { state: add(state, more), taken: { cost: before + more, receipt: [end(state)] } }
    },
  }
}
