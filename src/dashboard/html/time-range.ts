import { html, nothing, type Html } from './html.ts'
import type { View } from './view.ts'

/** From when to when, ms since 1970; what is absent is not bounded. */
export interface TimeRange {
  readonly since?: number
  readonly until?: number
}

const HOUR_MS = 3_600_000
/** `2026-11-29T22:41`, as a field of the browser writes it. */
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/

/** Spans that are offered, as hours. */
const SPANS: readonly (readonly [hours: string, name: string])[] = [
  ['', 'any time'],
  ['1', 'last hour'],
  ['24', 'last day'],
  ['168', 'last week'],
  ['720', 'last month'],
]

/**
 * Reads what the fields of {@link timeFields} say; what is malformed counts as not said.
 *
 * @param read Answers a field by its name, empty where there is none
 */
export function readTimeRange(read: (name: string) => string, view: View): TimeRange {
  const hours = Number(read('hours'))
  const from = instantIn(view.zone, read('from'))
  const to = instantIn(view.zone, read('to'))
  const last = hours > 0 && hours <= 2160 ? view.now - hours * HOUR_MS : null
  const since = from ?? last
  return {
    ...(since !== null && { since }),
    ...(to !== null && { until: to }),
  }
}

/** The fields that ask for a time range: a span up to now, or two instants in the chosen zone. */
export function timeFields(label: string, read: (name: string) => string, view: View): Html {
  return html`<label class="field"
      ><span>${label}</span
      ><select name="hours">
        ${SPANS.map(([value, name]) => html`<option value="${value}" ${value === read('hours') ? html` selected` : nothing}>${name}</option>`)}
      </select></label
    >
    ${instantField('from', `From, ${view.zone}`, read)}
    ${instantField('to', `Before, ${view.zone}`, read)}`
}

function instantField(name: string, label: string, read: (name: string) => string): Html {
  const given = read(name)
  return html`<label class="field"
    ><span>${label}</span
    ><input type="datetime-local" name="${name}" value="${LOCAL.test(given) ? given : ''}"
  /></label>`
}

/**
 * The instant at which clocks of a zone show this; of two, where they are set back, one of them.
 *
 * @returns ms since 1970; `null` where it is no time
 */
export function instantIn(zone: string, local: string): number | null {
  const [, ...parts] = LOCAL.exec(local) ?? []
  if (parts.length === 0) return null
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    Number(part ?? 0),
  )
  const shown = Date.UTC(year, month - 1, day, hour, minute, second)
  // The difference to UTC is that of an instant near, and then that of the instant itself.
  const near = shown - offsetAt(shown, zone)
  const at = shown - offsetAt(near, zone)
  return at >= 0 && at < 1e15 ? at : null
}

function offsetAt(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  }).formatToParts(at)
  const of = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? 0)
  const shown = Date.UTC(
    ...([of('year'), of('month') - 1, of('day')] as [number, number, number]),
    ...[of('hour'), of('minute'), of('second')],
  )
  return shown - Math.floor(at / 1000) * 1000
}
