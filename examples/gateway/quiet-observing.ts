import type { HealthCheckService, LogSink } from '@white-cross/reuse/infrastructure/logging'
import type { Backend, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import { createHealth, createObserving, type Observing } from './observing.ts'

/** What a gateway in a test is observed with: its lines go to `sinks` alone. */
export function quietObserving(
  backend: Backend,
  sinks: readonly LogSink[] = [],
  platform: { readonly clock?: Clock } = {},
): { readonly observing: Observing; readonly health: HealthCheckService } {
  const observing = createObserving(backend, { level: 'info', otlpUrl: undefined }, sinks, platform)
  return { observing, health: createHealth(backend, [], observing, platform) }
}
