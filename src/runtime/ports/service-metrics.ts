/**
 * What services count with: of logging's `MetricsService` the part that they call. Labels hold few
 * different values, and none that says who someone is.
 */
export interface ServiceMetrics {
  counter(
    name: string,
    options: { readonly help: string; readonly labels: readonly string[] },
  ): { inc(labels: Readonly<Record<string, string>>, by?: number): void }
  histogram(
    name: string,
    options: {
      readonly help: string
      readonly labels: readonly string[]
      readonly unit: string
      readonly buckets: readonly number[]
    },
  ): { observe(labels: Readonly<Record<string, string>>, value: number): void }
}

/** Seconds from 5 ms to 10 min: attempts of jobs, and how long they waited. */
export const WORK_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
]
