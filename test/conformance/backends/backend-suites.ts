import { atomicStoreLaws } from '../../../src/runtime/ports/atomic-store/atomic-store.conformance.ts'
import type { Backend } from '../../../src/runtime/ports/backend.ts'
import type { FakeClock } from '../../../src/testing/fake-clock.ts'
import { jobStoreLaws } from '../../../src/runtime/ports/job-store/job-store.conformance.ts'
import { rateLimitStoreLaws } from '../../../src/runtime/ports/rate-limit-store/rate-limit-store.conformance.ts'
import { coordinationSuites } from '../coordination/coordination-suites.ts'
import { jobQueueSuites } from '../services/background-jobs/job-queue.ts'
import {
  jobSimulationSuites,
  type JobSimulationHarness,
} from '../services/background-jobs/job-simulation.ts'
import { loggingSuites } from '../services/logging/logging-suites.ts'
import { rateLimitingSuites } from '../services/rate-limiting/rate-limiting.ts'
import { suite, type Suite } from '../suite.ts'
import { notificationSuites } from '../services/notifications/notification-suites.ts'
import { paymentSuites } from '../services/payments/payment-suites.ts'
import { webhookReceivingSuites } from '../services/webhooks/webhook-receiving.ts'
import { webhookSendingSuites } from '../services/webhooks/webhook-sending.ts'

/** A backend to keep promises on, with the clock of the process beside it; `advance` moves both. */
export interface BackendHarness extends JobSimulationHarness {
  /** Opens an empty backend. */
  open(): Promise<Backend>
  readonly clock: FakeClock
  advance(ms: number): Promise<void>
}

/** What every backend promises, and what stands on it. */
export function backendSuites(adapter: string, harness: BackendHarness): readonly Suite[] {
  const { open, advance } = harness
  const now = harness.storeNow ?? harness.clock.now
  // Where it is a server's, its script is compared with the deciders that the others share, state by state.
  const moving: Readonly<Record<string, string>> =
    harness.storeNow === undefined
      ? {}
      : { 'a clock that stands still': 'the server’s own clock goes on' }
  return [
    suite('AtomicStore', adapter, atomicStoreLaws, {
      open: async () => (await open()).store,
      advance,
    }),
    suite('JobStore', adapter, jobStoreLaws, {
      open: async () => (await open()).jobStore,
      advance,
    }),
    suite(
      'RateLimitStore',
      adapter,
      rateLimitStoreLaws,
      { open: async () => (await open()).rateLimits, advance, step: harness.clock.step, now },
      moving,
    ),
    ...rateLimitingSuites(adapter, { ...harness, now }, moving),
    ...jobQueueSuites(adapter, harness),
    ...jobSimulationSuites(adapter, harness),
    ...coordinationSuites(adapter, harness),
    ...webhookSendingSuites(adapter, harness),
    ...webhookReceivingSuites(adapter, harness),
    ...notificationSuites(adapter, harness),
    ...paymentSuites(adapter, harness),
    ...loggingSuites(adapter, harness),
  ]
}
