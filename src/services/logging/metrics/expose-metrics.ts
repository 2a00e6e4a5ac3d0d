import type { Exemplar, MetricFamily, MetricSeries } from './metric-family.ts'
import { escapeName, needsQuotes, type EscapingScheme, type Named } from './name-escaping.ts'
import type { Exposition } from './negotiate.ts'

/**
 * The label of the series that took what was over the limit; OpenTelemetry calls it
 * `otel.metric.overflow`.
 */
const OVERFLOW = 'otel_metric_overflow="true"'

/** Writes metrics in Prometheus' text format, or as OpenMetrics 1.0. */
export function exposeMetrics(families: readonly MetricFamily[], exposition: Exposition): string {
  const open = exposition.format === 'openmetrics'
  let text = ''
  for (const family of families) text += writeFamily(family, exposition.escaping, open)
  return open ? `${text}# EOF\n` : text
}

function writeFamily(family: MetricFamily, scheme: EscapingScheme, open: boolean): string {
  const { type, help, unit, labelNames, series, bounds = [] } = family
  const name = escapeName(family.name, scheme)
  const total = type === 'counter' ? `${name}_total` : name
  const shown = quoted(open ? name : total)
  const names = labelNames.map((label) => quoted(escapeName(label, scheme, 'label'), 'label'))
  const limits = [...bounds.map(open ? canonical : number), '+Inf']
  let text = ''
  if (help !== '') text += `# HELP ${shown} ${escapeHelp(help, open)}\n`
  text += `# TYPE ${shown} ${type}\n`
  if (open && unit !== undefined) text += `# UNIT ${shown} ${unit}\n`
  for (const one of series) {
    const labels = labelsOf(names, one)
    if (type === 'histogram') text += writeHistogram(name, labels, one, limits, open)
    else
      text += `${sample(total, labels)} ${number(one.value)}${exemplarOf(one.exemplars?.[0], open && type === 'counter')}\n`
    // Without it nobody can tell a counter that began anew from one that was always there.
    if (open && type !== 'gauge')
      text += `${sample(`${name}_created`, labels)} ${number(one.at / 1000)}\n`
  }
  return text
}

function writeHistogram(
  name: string,
  labels: string,
  { value, counts = [], exemplars }: MetricSeries,
  limits: readonly string[],
  open: boolean,
): string {
  // All but the limit is the same for each bucket.
  const [beginning = '', end = ''] = sample(
    `${name}_bucket`,
    `${labels === '' ? '' : `${labels},`}le="\n"`,
  ).split('\n')
  let text = ''
  let count = 0
  for (let at = 0; at < limits.length; at++) {
    count += counts[at] ?? 0
    text += `${beginning}${limits[at]}${end} ${count}${exemplarOf(exemplars?.[at], open)}\n`
  }
  return `${text}${sample(`${name}_sum`, labels)} ${number(value)}\n${sample(`${name}_count`, labels)} ${count}\n`
}

/** A name that is no Prometheus name stands within the braces, in quotes. */
function sample(name: string, labels: string): string {
  if (needsQuotes(name)) return `{${quoted(name)}${labels === '' ? '' : `,${labels}`}}`
  return labels === '' ? name : `${name}{${labels}}`
}

function labelsOf(names: readonly string[], { labels }: MetricSeries): string {
  if (labels === null) return OVERFLOW
  let text = ''
  for (let at = 0; at < names.length; at++)
    text += `${at === 0 ? '' : ','}${names[at]}="${escapeValue(labels[at] ?? '')}"`
  return text
}

function exemplarOf(exemplar: Exemplar | undefined, wanted: boolean): string {
  if (exemplar === undefined || !wanted) return ''
  const labels = new Map<string, string>()
  for (const [name, value] of Object.entries(exemplar.labels))
    if (name !== '') labels.set(escapeName(name, 'underscores', 'label'), escapeValue(value))
  const text = Array.from(labels, ([name, value]) => `${name}="${value}"`).join(',')
  return ` # {${text}} ${number(exemplar.value)} ${exemplar.at / 1000}`
}

function quoted(name: string, named: Named = 'metric'): string {
  return needsQuotes(name, named) ? `"${escapeValue(name)}"` : name
}

function escapeValue(text: string): string {
  return /["\\\n]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : text
}

/** Only OpenMetrics escapes quotes in what a metric is about. */
function escapeHelp(text: string, open: boolean): string {
  return open ? escapeValue(text) : text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function number(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return Number.isNaN(value) ? 'NaN' : String(value)
}

/** As OpenMetrics writes bounds, so that no two stand for one: with a point. */
function canonical(value: number): string {
  const text = number(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
