import type { JobProcessor } from './job-store/job-processor.ts'

/**
 * What a service brings to the program that composes it. `jobRunner(...)`, `runServices()`, the
 * gateway and `configureInfrastructure()` take services by this and know none of them.
 */
export interface Service {
  /** Names it in logs, metrics and health reports: `webhooks`, or a queue's name. */
  readonly name: string
  /** Do its work wherever jobs run; empty where it has no work of its own. */
  readonly processors: readonly JobProcessor[]
  /**
   * Does its work in this process until `signal` aborts, in its own way. Default: a worker for each
   * processor.
   */
  run?(options: ServiceRunOptions): Promise<void>
  /** Sees to all that waits, whatever wakes were lost. For a Cron Trigger. */
  sweep?(): Promise<void>
  /** Each resolves while what it looks at is well. The name says what: `email provider`. */
  readonly healthChecks?: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** How things stand right now: what is waiting, running, dead. */
  readMetrics?(): Promise<readonly MetricReading[]>
}

/** How a service's work is run. */
export interface ServiceRunOptions {
  readonly signal: AbortSignal
  /** Hears what went wrong around the work, such as a store that cannot be reached. */
  readonly onError?: (error: unknown) => void
}

/** One number of a service, as a gauge or a counter of a metrics system. */
export interface MetricReading {
  /** In the grammar of Prometheus: `jobs_waiting`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
