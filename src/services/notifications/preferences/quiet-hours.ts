import { quietEnd } from './quiet-end.ts'

/** When somebody does not want to be disturbed, on the clocks of where they are. */
export interface QuietHours {
  /** `22:00`: from then on. */
  readonly start: string
  /** `07:00`: until then, on the next day where it is not after `start`. */
  readonly end: string
  /** IANA name: `Europe/Warsaw`. */
  readonly timeZone: string
}

/**
 * Says until when somebody is not to be disturbed.
 *
 * What counts is what their clocks show: an hour that clocks skip is over when it would begin, and
 * one that they show twice is quiet both times.
 *
 * @param now ms since 1970
 * @returns The first instant that is not quiet, ms since 1970; `null` when now is none
 * @throws RangeError when the hours or the zone are malformed
 *
 * @example
 * quietUntil(Date.now(), { start: '22:00', end: '07:00', timeZone: 'Europe/Warsaw' })
 */
export function quietUntil(now: number, hours: QuietHours): number | null {
  return quietEnd(now, hours)
}
