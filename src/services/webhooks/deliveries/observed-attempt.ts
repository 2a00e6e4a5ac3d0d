import { WORK_BUCKETS, type ServiceMetrics } from '../../../runtime/ports/service-metrics.ts'
import type { TraceCarrier, TraceHeaders } from '../../../runtime/ports/trace-carrier.ts'
import { callQuietly } from '../../../primitives/call-quietly.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Delivery } from './delivery.ts'

/** What {@link createObservedAttempts} is given. */
export interface ObservedAttemptOptions {
  readonly metrics: ServiceMetrics | undefined
  readonly tracing: TraceCarrier | undefined
  /** Hears what counting throws. */
  readonly onFault: (fault: unknown) => void
}

/** An attempt that was made, and the body that it sent. */
interface Made {
  readonly attempt: Attempt
  readonly body: string | null
}

/** Makes an attempt by `act`, as a span and counted. */
export type ObserveAttempt = (
  delivery: Delivery,
  endpoint: EndpointRecord,
  trace: TraceHeaders | undefined,
  act: (trace?: TraceHeaders) => Promise<Made>,
) => Promise<Made>

/** Counts attempts by how they ended, and makes them spans. Without either it only makes them. */
export function createObservedAttempts({
  metrics,
  tracing,
  onFault,
}: ObservedAttemptOptions): ObserveAttempt {
  const count = metrics && createAttemptCount(metrics)
  return async (delivery, endpoint, trace, act) => {
    const made = await (tracing === undefined
      ? act()
      : spanned(tracing, delivery, endpoint, trace, act))
    if (count !== undefined) callQuietly(() => count(made.attempt), onFault)
    return made
  }
}

function createAttemptCount(metrics: ServiceMetrics): (attempt: Attempt) => void {
  const attempts = metrics.counter('webhook_attempts_total', {
    help: 'Attempts to deliver a webhook, by how they ended',
    labels: ['outcome'],
  })
  const took = metrics.histogram('webhook_attempt_duration_seconds', {
    help: 'Time of one attempt to deliver a webhook',
    labels: ['outcome'],
    unit: 'seconds',
    buckets: WORK_BUCKETS,
  })
  return ({ error, durationMs }) => {
    const outcome = error?.code ?? 'delivered'
    attempts.inc({ outcome })
    took.observe({ outcome }, durationMs / 1000)
  }
}

function spanned(
  tracing: TraceCarrier,
  { id, eventType }: Delivery,
  { url }: EndpointRecord,
  trace: TraceHeaders | undefined,
  act: (trace?: TraceHeaders) => Promise<Made>,
): Promise<Made> {
  const attributes = {
    'messaging.operation.type': 'send',
    'messaging.message.id': id,
    'webhook.event.type': eventType,
  }
  const work = { name: 'send webhook', kind: 'client', attributes } as const
  return tracing.carryOn(work, trace, async ({ headers, setAttribute, recordError }) => {
    const made = await act(tracing.mayTell(url) ? headers : undefined)
    const { status, error } = made.attempt
    if (status !== null) setAttribute('http.response.status_code', status)
    if (error !== null) recordError(new Error(error.message))
    return made
  })
}
