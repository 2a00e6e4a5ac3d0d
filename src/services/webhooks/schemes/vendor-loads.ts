import { keepLatest } from '../../../primitives/lru-cache.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { unavailable, VENDOR_TIMEOUT_MS } from './ask-vendor.ts'
import type { Budget } from './budget.ts'

/** Loads what a key stands for, once for all who want it within the same few seconds. */
export type VendorLoads<Value> = (
  key: string,
  now: number,
  options: LoadOptions<Value>,
) => Promise<Value>

/** How {@link VendorLoads} load. */
export interface LoadOptions<Value> {
  load(): Promise<Value>
  /** Whether the budget is left alone, for what was loaded well before. Default false. */
  readonly isKnown?: boolean
}

/**
 * How long a result is used, good or bad, ms: no longer than loading may take, and long enough that
 * a flood makes one request where it would make hundreds.
 */
const SHARED_MS = VENDOR_TIMEOUT_MS

/** Most results that are held: a budget lets far fewer be loaded in that time. */
const MAX_RESULTS = 64

/**
 * Makes loads that are shared and bounded: one is under way for a key, its result is used for 5 s,
 * and the budget bounds how many are begun.
 *
 * The loads reject with what `load` rejects with, and with WebhookVerificationError
 * `key_unavailable` when the budget is used up or nothing comes in time.
 */
export function createVendorLoads<Value>(clock: Clock, budget: Budget): VendorLoads<Value> {
  const results = new Map<string, { readonly at: number; readonly value: Promise<Value> }>()
  const late = (): Error => unavailable(new Error('Another request for it did not end in time'))
  const never = new AbortController().signal
  return (key, now, { load, isKnown = false }) => {
    let result = results.get(key)
    if (result === undefined || Math.abs(now - result.at) >= SHARED_MS) {
      if (!isKnown && !budget.take(now))
        return Promise.reject(unavailable(new Error('Unverified messages asked for too much')))
      result = { at: now, value: load() }
      keepLatest(results, MAX_RESULTS, key, result)
    }
    const { value } = result
    // On Workers the request that began it may be gone, and its promise never settle.
    return runWithin(clock, VENDOR_TIMEOUT_MS, never, late, () => value)
  }
}
