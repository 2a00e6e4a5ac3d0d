import {
  backendChecks,
  consoleSink,
  createObserver,
  HealthCheckService,
  LoggerService,
  memorySink,
  MetricsService,
  otlp,
  serviceChecks,
  TracingService,
  type LogSink,
  type MemorySink,
  type Observer,
} from '@white-cross/reuse/infrastructure/logging'
import type { Backend, Clock, Service } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { GatewaySettings } from './settings.ts'

/** What tells how the gateway does. */
export interface Observing {
  readonly observer: Observer
  readonly metrics: MetricsService
  /** What each request and job is a part of; without a collector its ids still travel. */
  readonly tracing: TracingService
  /** The latest lines of this isolate, for people to look at. */
  readonly lines: MemorySink
}

/** Probes and scrapes: they come every few seconds, and have a line only when something is wrong. */
const PROBES = /^\/(?:health(?:\/\w+)?|metrics)$/

/** Lines that an isolate remembers. */
const LINES = 500

/**
 * Makes the logger, the metrics of all isolates together, the traces, and the observer of requests.
 *
 * @param sinks Take the lines. Default: the console, and the collector where there is one
 */
export function createObserving(
  backend: Pick<Backend, 'store'>,
  { level, otlpUrl }: GatewaySettings['logging'],
  sinks?: readonly LogSink[],
  platform: { readonly clock?: Clock } = {},
): Observing {
  const collector = otlpUrl === undefined ? [] : [otlp({ url: otlpUrl })]
  const lines = memorySink(LINES)
  const logger = new LoggerService({
    service: 'gateway',
    level,
    sinks: [...(sinks ?? [consoleSink(), ...collector]), lines],
    ...platform,
  })
  const metrics = new MetricsService({ backend, namespace: 'gateway', ...platform })
  const tracing = new TracingService({ service: 'gateway', sinks: collector, ...platform })
  const skip = ({ url }: Request): boolean => PROBES.test(new URL(url).pathname)
  const observer = createObserver({ logger, metrics, tracing, skip, ...platform })
  return { observer, metrics, tracing, lines }
}

/** Looks at the backend, which nothing works without, and at what the services bring. */
export function createHealth(
  backend: Backend | Pick<Backend, 'store' | 'rateLimits'>,
  services: readonly Service[],
  { observer }: Observing,
  platform: { readonly clock?: Clock } = {},
): HealthCheckService {
  return new HealthCheckService({
    service: 'gateway',
    checks: { ...backendChecks(backend), ...serviceChecks(services, { critical: false }) },
    onFailure: (check, error) => observer.log.error({ check, err: error }, 'a health check failed'),
    ...platform,
  })
}
