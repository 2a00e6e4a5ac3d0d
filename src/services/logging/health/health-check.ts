import type { Duration } from '../../../primitives/duration.ts'

/**
 * Resolves while what it looks at is well, with anything but `false`. What it rejects with is why
 * not.
 */
export type HealthProbe = (signal: AbortSignal) => unknown

/** One thing to look at. */
export interface HealthCheck {
  readonly run: HealthProbe
  /** Whether nothing works without it: then its failure is `fail`, else `warn`. Default true. */
  readonly critical?: boolean
  /** Longest time it may take, 1 ms to 1 min. Default 2 s. */
  readonly timeout?: Duration
  /** How long what it found holds, 0 to 1 h. Default 5 s. */
  readonly cache?: Duration
}

/** How something is: `warn` where only what is not critical fails. */
export type HealthStatus = 'pass' | 'warn' | 'fail'

/** How all is. */
export interface HealthReport {
  readonly status: HealthStatus
  readonly checks: Readonly<Record<string, HealthFinding>>
}

/** What one check found. */
export interface HealthFinding {
  readonly status: HealthStatus
  /** ms that it took. */
  readonly tookMs: number
  /** ms since 1970, when it was made. */
  readonly at: number
  /**
   * The name and code of what it rejected with: never its message, which may say more than is good.
   */
  readonly error?: string | undefined
}
