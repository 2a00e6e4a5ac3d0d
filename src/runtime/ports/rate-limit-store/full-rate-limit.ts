import type {
  BanRateLimit,
  CalendarRateLimit,
  ConcurrencyRateLimit,
  FixedWindowRateLimit,
  GcraRateLimit,
  SlidingLogRateLimit,
  SlidingWindowRateLimit,
} from './rate-limit-store.ts'

/** With all that a limit leaves open filled in; `subject` is `null` where it is the call's. */
type Full<Limit> = Required<Omit<Limit, 'subject'>> & { readonly subject: string | null }

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
