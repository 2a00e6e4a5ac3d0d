import { formatInstant } from './format.ts'
import { html, nothing, type Html } from './html.ts'
import type { View } from './view.ts'

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string
  /** One for each step of time, earliest first; `null` where nothing is known. */
  readonly values: readonly (number | null)[]
  /** Fills what is below it. Default false. */
  readonly filled?: boolean
}

/** What {@link chart} draws. */
export interface ChartOptions {
  readonly title: string
  /** What the figures are, at most some words. */
  readonly note: string
  readonly series: readonly ChartSeries[]
  /** When the first step begins and the last one ends, ms since 1970. */
  readonly from: number
  readonly to: number
  /** How a figure is written. */
  readonly format: (value: number) => string
  readonly view: View
}

const WIDTH = 600
const HEIGHT = 120

/**
 * Draws lines over time, on the server: without a script, in the colours of the page, and with the
 * figures in words for who does not see it.
 */
export function chart(options: ChartOptions): Html {
  const { title, note, series, from, to, format, view } = options
  const most = niceCeiling(
    Math.max(...series.flatMap(({ values }) => values.map((one) => one ?? 0)), 0),
  )
  const words = series.map((one) => inWords(one, format)).join('; ')
  return html`<figure class="chart">
    <figcaption>${title}<span>${note}</span></figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${title}: ${words}"
    >
      ${[0, 0.5, 1].map((share) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT * share}" y2="${HEIGHT * share}" />`)}
      ${series.map(({ values, filled }, index) => drawn(values, most, index, filled === true))}
    </svg>
    <div class="axis">
      <span>${formatInstant(from, view.zone)}</span><span>at most ${format(most)}</span
      ><span>${formatInstant(to, view.zone)}</span>
    </div>
    <ul class="legend">
      ${series.map(
        ({ name, values }, index) =>
          html`<li>
            <svg viewBox="0 0 12 3" aria-hidden="true">
              <rect class="l${(index % 4) + 1}" width="12" height="3" rx="1" /></svg
            >${name} ${latest(values, format)}
          </li>`,
      )}
    </ul>
  </figure>`
}

function drawn(
  values: readonly (number | null)[],
  most: number,
  index: number,
  filled: boolean,
): Html {
  const kind = `l${(index % 4) + 1}`
  const step = values.length > 1 ? WIDTH / (values.length - 1) : WIDTH
  const runs: string[][] = [[]]
  for (const [place, value] of values.entries()) {
    if (value === null) runs.push([])
    else runs.at(-1)?.push(`${rounded(place * step)},${rounded(HEIGHT - (value / most) * HEIGHT)}`)
  }
  // What is known of one step alone is a dot: a line of no length with round ends.
  const paths = runs.filter((run) => run.length > 0)
  return html`${paths.map((run) => {
    const [first = ''] = run
    const line = run.length > 1 ? run.join(' ') : `${first} ${first}`
    const [startX = '0'] = first.split(',')
    const [endX = '0'] = (run.at(-1) ?? '').split(',')
    return html`${filled ? html`<polygon class="area ${kind}" points="${startX},${HEIGHT} ${line} ${endX},${HEIGHT}" />` : nothing}<polyline
        class="line ${kind}"
        points="${line}"
      />`
  })}`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

/** The least of 1, 2 or 5 times a power of ten that is no less: a line does not jump about. */
function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power
}

function latest(values: readonly (number | null)[], format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null)
  return last === undefined || last === null ? '–' : format(last)
}

function inWords({ name, values }: ChartSeries, format: (value: number) => string): string {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return `${name} not known`
  return `${name} from ${format(Math.min(...known))} to ${format(Math.max(...known))}, last ${format(known.at(-1) ?? 0)}`
}
