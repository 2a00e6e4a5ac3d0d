import type { ProviderEvent } from '../provider.ts'

/** An event with everything that its vendor did not say left open. */
export function providerEvent(
  type: ProviderEvent['type'],
  fields: Partial<Omit<ProviderEvent, 'type'>>,
): ProviderEvent {
  return {
    messageId: null,
    providerMessageId: null,
    recipient: null,
    at: null,
    eventId: null,
    ...fields,
    type,
  }
}

/** @returns ms since 1970 of a number of seconds or an ISO date; `null` for anything else */
export function instantOf(value: unknown): number | null {
  const ms =
    typeof value === 'number'
      ? value * 1000
      : typeof value === 'string' && value.length <= 40
        ? Date.parse(value)
        : NaN
  return Number.isFinite(ms) ? Math.round(ms) : null
}
