import type { JobEvent } from './job-events.ts'

/** What this process's attempts were like. */
export interface JobStatistics {
  readonly completed: number
  /** Failed attempts, also those that were tried again. */
  readonly failed: number
  /** From adding to the first attempt, over the latest 1,000. */
  readonly waitMs: Percentiles
  /** Of attempts that completed or failed, over the latest 1,000. */
  readonly durationMs: Percentiles
}

/** The value below which that share of the samples lies; 0 without samples. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const SAMPLES = 1000

/** Counts events. */
export function createJobStatistics(): { record(event: JobEvent): void; read(): JobStatistics } {
  const waits = createSamples()
  const durations = createSamples()
  let completed = 0
  let failed = 0
  return {
    record(event) {
      if (event.type === 'active' && event.attempt === 1) waits.add(event.waitedMs)
      if (event.type !== 'completed' && event.type !== 'failed') return
      durations.add(event.durationMs)
      if (event.type === 'completed') completed++
      else failed++
    },
    read: () => ({
      completed,
      failed,
      waitMs: waits.percentiles(),
      durationMs: durations.percentiles(),
    }),
  }
}

function createSamples(): { add(value: number): void; percentiles(): Percentiles } {
  const ring: number[] = []
  let next = 0
  return {
    add(value) {
      ring[next] = value
      next = (next + 1) % SAMPLES
    },
    percentiles() {
      const sorted = ring.toSorted((a, b) => a - b)
      const at = (share: number): number =>
        sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? 0
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    },
  }
}
