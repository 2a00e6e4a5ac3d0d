import type { FullConcurrency } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS } from '../rate-limit-limits.ts'
import type { ConcurrencyRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'

/** Slots that are held, and how long each lease had left at `at`. */
export interface ConcurrencyState {
  readonly at: number
  readonly slots: readonly HeldSlot[]
}

interface HeldSlot {
  readonly restMs: number
  readonly cost: number
  readonly holder: string
}

/** Slots leased by operations, which the state names: a receipt is empty. */
export const concurrency: Algorithm<FullConcurrency, ConcurrencyState, ConcurrencyRateLimit> = {
  name: 'concurrency',
  mostUnits: RATE_LIMIT_LIMITS.entries,

  read({ algorithm, leaseMs }, common, check) {
    checkUnits(check, common, common.limit)
    return {
      algorithm,
      ...common,
      leaseMs: check('leaseMs', leaseMs, 1, RATE_LIMIT_LIMITS.windowMs),
    }
  },

  advance(_limit, state, now) {
    if (state === null) return { at: now, slots: [] }
    const passed = elapsedMs(state.at, now)
    const slots = state.slots
      .map((slot) => ({ ...slot, restMs: slot.restMs - passed }))
      .filter(({ restMs }) => restMs > 0)
    return { at: now, slots }
  },

  admits: ({ limit, cost, reserve }, { slots }, operation) =>
    cost === 0 || isHeld(slots, operation) || usedOf(slots) + cost <= limit - reserve,

  charge({ cost, leaseMs }, { at, slots }, operation) {
    const held = slots.find(({ holder }) => holder === operation)
    const others = slots.filter((slot) => slot !== held)
    const slot = { restMs: leaseMs, cost: held?.cost ?? cost, holder: operation }
    return { at, slots: [...others, slot] }
  },

  receipt: () => [],

  holds: ({ slots }, operation) => isHeld(slots, operation),

  settle({ cost }, { at, slots }, { receipt }, operation) {
    const settled = slots
      .map((slot) => (slot.holder === operation ? { ...slot, cost } : slot))
      .filter((slot) => slot.cost > 0)
    return { state: { at, slots: settled }, taken: { cost, receipt } }
  },

  remaining: ({ limit, reserve }, { slots }) => Math.max(limit - reserve - usedOf(slots), 0),

  // A slot may come back earlier than its lease ends.
  waitMs({ limit, reserve, leaseMs }, { slots }, cost) {
    let over = usedOf(slots) + cost - (limit - reserve)
    if (over <= 0) return 0
    for (const slot of slots.toSorted((a, b) => a.restMs - b.restMs)) {
      over -= slot.cost
      if (over <= 0) return slot.restMs
    }
    return leaseMs
  },

  restMs: (_limit, { slots }) => Math.max(0, ...slots.map(({ restMs }) => restMs)),

  encode: ({ at, slots }) =>
    [at, ...slots.flatMap(({ restMs, cost, holder }) => [restMs, cost, holder])].join(' '),

  decode(text) {
    const [at = '', ...parts] = text.split(' ')
    const slots: HeldSlot[] = []
    for (let index = 0; index < parts.length; index += 3)
      slots.push({
        restMs: Number(parts[index]),
        cost: Number(parts[index + 1]),
        holder: parts[index + 2] ?? '',
      })
    return { at: Number(at), slots }
  },
}

function isHeld(slots: readonly HeldSlot[], operation: string): boolean {
  return slots.some(({ holder }) => holder === operation)
}

function usedOf(slots: readonly HeldSlot[]): number {
  let used = 0
  for (const { cost } of slots) used += cost
  return used
}
