/**
 * What is asked of a metrics service, such as `MetricsService` of logging: counters with labels.
 */
export interface RateLimitMetrics {
  counter(
    name: string,
    options: { readonly help: string; readonly labels: readonly string[] },
  ): { inc(labels: Readonly<Record<string, string>>, value?: number): void }
}

/** Counts one decision; labels hold no keys, so there are few. */
export type CountDecision = (
  policy: string,
  outcome: 'allowed' | 'denied' | 'dry_run',
  decidedBy: string,
) => void

/** @returns A function that counts */
export function countDecisions(
  metrics: RateLimitMetrics,
  onFailure: (error: unknown) => void,
): CountDecision {
  const decisions = metrics.counter('rate_limit_decisions_total', {
    help: 'Decisions of rate limits',
    labels: ['policy', 'outcome', 'decided_by'],
  })
  return (policy, outcome, decidedBy) => {
    try {
      decisions.inc({ policy, outcome, decided_by: decidedBy })
    } catch (error) {
      onFailure(error)
    }
  }
}
