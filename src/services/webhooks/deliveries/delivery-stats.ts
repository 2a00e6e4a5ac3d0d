import type { Delivery } from './delivery.ts'

/** How an endpoint has been doing lately. */
export interface DeliveryStats {
  /** Deliveries counted: the latest ones, at most 1,000. */
  readonly deliveries: number
  readonly delivered: number
  readonly dead: number
  /** On their way. */
  readonly pending: number
  /**
   * Share of the finished ones (delivered or dead) that were delivered, 0 to 1; `null` when none
   * finished.
   */
  readonly successRate: number | null
  /** Share of all attempts that succeeded, 0 to 1; `null` when none was made. */
  readonly attemptSuccessRate: number | null
  /** Time that the successful attempts took, in ms; `null` when there was none. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null
}

/** Counts deliveries; pure. */
export function statsOf(deliveries: readonly Delivery[]): DeliveryStats {
  const count = (state: Delivery['state']): number =>
    deliveries.filter((delivery) => delivery.state === state).length
  const delivered = count('delivered')
  const dead = count('dead')
  const attempts = deliveries.reduce((sum, delivery) => sum + delivery.attempts, 0)
  const latencies = deliveries
    .flatMap(({ lastAttempt }) => (lastAttempt?.error === null ? [lastAttempt.durationMs] : []))
    .toSorted((a, b) => a - b)
  return {
    deliveries: deliveries.length,
    delivered,
    dead,
    pending: count('pending') + count('retrying'),
    successRate: delivered + dead === 0 ? null : delivered / (delivered + dead),
    attemptSuccessRate: attempts === 0 ? null : latencies.length / attempts,
    latencyMs:
      latencies.length === 0
        ? null
        : {
            p50: quantile(latencies, 0.5),
            p95: quantile(latencies, 0.95),
            p99: quantile(latencies, 0.99),
          },
  }
}

/** The nearest rank. */
function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(Math.ceil(share * ascending.length) - 1, 0)] ?? 0
}
