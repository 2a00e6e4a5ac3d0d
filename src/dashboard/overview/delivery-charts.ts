import type { Delivery } from '../../services/webhooks/deliveries/delivery.ts'
import { chart } from '../html/chart.ts'
import { formatDuration, formatNumber } from '../html/format.ts'
import { html, type Html } from '../html/html.ts'
import type { View } from '../html/view.ts'

const HOUR_MS = 3_600_000
const STEPS = 24

/** How deliveries did hour by hour, and how long receivers took. @param latest Latest first */
export function deliveryCharts(latest: readonly Delivery[], isAll: boolean, view: View): Html {
  const to = Math.floor(view.now / HOUR_MS) * HOUR_MS + HOUR_MS
  const from = to - STEPS * HOUR_MS
  const hours = Array.from({ length: STEPS }, (): Delivery[] => [])
  for (const one of latest) hours[Math.floor((one.createdAt - from) / HOUR_MS)]?.push(one)
  // Of what was not looked at nothing is known; an hour without events had none.
  const oldest = isAll ? from : (latest.at(-1)?.createdAt ?? to)
  const isKnown = (index: number): boolean => from + (index + 1) * HOUR_MS > oldest
  const count = (state: Delivery['state']): readonly (number | null)[] =>
    hours.map((all, index) =>
      isKnown(index) ? all.filter((one) => one.state === state).length : null,
    )
  const took = hours.map((all) =>
    all
      .flatMap(({ lastAttempt }) => (lastAttempt?.error === null ? [lastAttempt.durationMs] : []))
      .toSorted((a, b) => a - b),
  )
  const quantile = (share: number): readonly (number | null)[] =>
    took.map((all) => all[Math.max(Math.ceil(share * all.length) - 1, 0)] ?? null)
  return html`<div class="columns two">
    ${chart({
      ...{ title: 'Deliveries', note: 'by the hour', from, to, view, format: formatNumber },
      series: [
        { name: 'Delivered', values: count('delivered'), filled: true },
        { name: 'Trying again', values: count('retrying') },
        { name: 'Dead', values: count('dead') },
      ],
    })}
    ${chart({
      ...{ title: 'Time to answer', note: 'of those delivered', from, to, view },
      format: formatDuration,
      series: [
        { name: 'Median', values: quantile(0.5), filled: true },
        { name: '99 %', values: quantile(0.99) },
      ],
    })}
  </div>`
}
