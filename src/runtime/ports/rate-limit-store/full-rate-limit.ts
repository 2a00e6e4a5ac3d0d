import type { AnyAlgorithm } from './algorithms/algorithm.ts'
import type {
  BanRateLimit,
  CalendarRateLimit,
  ConcurrencyRateLimit,
  FixedWindowRateLimit,
  GcraRateLimit,
  SlidingLogRateLimit,
  SlidingWindowRateLimit,
} from './rate-limit-store.ts'

/** What was read of any limit. */
export interface CommonOfLimits {
  readonly name: string
  /** `null` where it is the call's. */
  readonly subject: string | null
  readonly limit: number
  readonly reserve: number
  readonly cost: number
}

/** With all that a limit leaves open filled in, and by what it is decided. */
type Full<Limit> = Required<Omit<Limit, 'subject'>> & {
  readonly subject: string | null
  readonly rule: AnyAlgorithm
}

/** A checked {@link GcraRateLimit}, and its integers: a unit costs `unit`, a ms earns `rate`. */
export interface FullGcra extends Full<GcraRateLimit> {
  readonly rate: number
  readonly unit: number
  readonly capacity: number
}
export type FullFixedWindow = Full<FixedWindowRateLimit>
export type FullSlidingWindow = Full<SlidingWindowRateLimit>
export type FullSlidingLog = Full<SlidingLogRateLimit>
export type FullCalendar = Full<CalendarRateLimit>
export type FullConcurrency = Full<ConcurrencyRateLimit>
export type FullBan = Full<BanRateLimit>

/** A checked limit with its defaults filled in. */
export type FullRateLimit =
  | FullGcra
  | FullFixedWindow
  | FullSlidingWindow
  | FullSlidingLog
  | FullCalendar
  | FullConcurrency
  | FullBan
