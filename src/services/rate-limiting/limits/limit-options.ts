import type { Duration } from '../../../primitives/duration.ts'

/** One limit, as it is written by hand. */
export interface LimitOptions {
  /** Units (requests, as a rule) a window: an integer from 1. */
  readonly limit: number
  /** In which they may be used, 1 ms to 366 days. */
  readonly window: Duration
  /**
   * How it is counted; see “Which algorithm” in the docs. Default `gcra`: units are earned back
   * without pause, one each `window / limit`.
   */
  readonly algorithm?: 'gcra' | 'fixed-window' | 'sliding-window' | 'sliding-log'
  /** Units that may come at once; only for `gcra`. Default: `limit`. */
  readonly burst?: number
  /**
   * Makes `limit` the most that can pass in any window whatsoever; only for `gcra`. Units are then
   * earned at `limit − burst` a window, and `burst` is by default half of the limit. Default
   * `false`.
   */
  readonly hardCap?: boolean
  /**
   * Names the limit in the store and in headers, 1 to 64 characters. Limits with the same key and
   * name are one. Default: made of the algorithm and the window, as in `sliding-window-1m`.
   */
  readonly name?: string
  /** Whose budget it is where it is not the call's key, e.g. one that all share. */
  readonly key?: string
  /** What the request costs here where it is not the call's `cost`. */
  readonly cost?: number
}
