/** Counts what the sidecar does, as OpenMetrics text. */
export interface Metrics {
  /** @param outcome `ok`, or a code of the protocol */
  count(path: string, outcome: string, seconds: number): void
  text(gauges: readonly Gauge[]): string
}

/** A figure that goes up and down. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly values: readonly { readonly kind: string; readonly value: number }[]
}

const BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120] as const

interface Series {
  requests: number
  seconds: number
  readonly buckets: number[]
}

export function createMetrics(): Metrics {
  // Paths and codes are the protocol's, so the number of series is bounded.
  const series = new Map<string, Series>()
  return {
    count(path, outcome, seconds) {
      const labels = `path="${path}",outcome="${outcome}"`
      const found = series.get(labels) ?? { requests: 0, seconds: 0, buckets: BOUNDS.map(() => 0) }
      series.set(labels, found)
      found.requests++
      found.seconds += seconds
      BOUNDS.forEach((bound, index) => {
        if (seconds <= bound) found.buckets[index] = (found.buckets[index] ?? 0) + 1
      })
    },
    text(gauges) {
      const name = 'reuse_sidecar_request_duration_seconds'
      const lines = [`# TYPE ${name} histogram`, `# UNIT ${name} seconds`]
      for (const [labels, { requests, seconds, buckets }] of series) {
        BOUNDS.forEach((bound, index) =>
          lines.push(`${name}_bucket{${labels},le="${bound}"} ${buckets[index] ?? 0}`),
        )
        lines.push(
          `${name}_bucket{${labels},le="+Inf"} ${requests}`,
          `${name}_sum{${labels}} ${seconds}`,
          `${name}_count{${labels}} ${requests}`,
        )
      }
      for (const gauge of gauges) {
        lines.push(`# TYPE ${gauge.name} gauge`, `# HELP ${gauge.name} ${gauge.help}`)
        for (const { kind, value } of gauge.values)
          lines.push(`${gauge.name}{kind="${kind}"} ${value}`)
      }
      return `${lines.join('\n')}\n# EOF\n`
    },
  }
}
