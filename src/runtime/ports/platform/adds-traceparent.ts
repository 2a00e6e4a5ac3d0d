interface DenoTelemetry {
  readonly meterProvider?: { readonly getMeter?: (name: string) => unknown }
}

/**
 * Whether the platform's own `fetch` adds a `traceparent`, as Deno's does under `OTEL_DENO`: one of
 * ours would then be a second, and the two together are as none.
 */
export function addsTraceparent(): boolean {
  const { Deno } = globalThis as { readonly Deno?: { readonly telemetry?: DenoTelemetry } }
  const provider = Deno?.telemetry?.meterProvider
  if (typeof provider?.getMeter !== 'function') return false
  try {
    // It throws where telemetry was not switched on. To ask for the variable would ask the user for
    // a permission.
    provider.getMeter('white-cross')
    return true
  } catch {
    return false
  }
}
