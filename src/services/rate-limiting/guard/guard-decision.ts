import type { RateLimitOutcome } from '../deciding/outcome.ts'

/** What a guard decides about one request. */
export interface GuardDecision {
  /** Whether the request may go on. */
  readonly allowed: boolean
  /** Why it may not. */
  readonly reason:
    | 'limited'
    | 'address-unknown'
    | 'too-costly'
    | 'denied-address'
    | 'banned'
    | 'shed'
    | null
  /** What the limits said; `null` where no rule fits, a rule skips, or it did not come to that. */
  readonly outcome: RateLimitOutcome | null
  /** To set on whatever the request is answered with. */
  readonly headers: Readonly<Record<string, string>>
  /** Corrects the cost by the answer, where the rule has `settle`; never rejects. */
  settle(response: Response): Promise<void>
}
