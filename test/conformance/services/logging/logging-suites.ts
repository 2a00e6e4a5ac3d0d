import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import { suite, type Suite } from '../../suite.ts'
import { alertsLaws } from './alerts-laws.ts'
import { auditLaws } from './audit-laws.ts'
import { metricsLaws } from './metrics-laws.ts'
import { metricsRoomLaws } from './metrics-room-laws.ts'
import { tracingLaws } from './tracing-laws.ts'

/** A backend, and the clock of the process beside it; `advance` moves both. */
export interface LoggingHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
}

/** What logging keeps in a store. */
export function loggingSuites(adapter: string, harness: LoggingHarness): readonly Suite[] {
  return [
    suite('MetricsService', adapter, [...metricsLaws, ...metricsRoomLaws], harness),
    suite('AuditLog', adapter, auditLaws, harness),
    suite('Alerts', adapter, alertsLaws, harness),
    suite('TracingService', adapter, tracingLaws, harness),
  ]
}
