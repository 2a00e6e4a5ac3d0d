import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import type { MetricReading, Service } from '../../../runtime/ports/service.ts'
import { currentContext } from '../context/context.ts'
import { MAX_ERRORS, NOTHING, type FlushResult } from '../exporting/flush-result.ts'
import { exposeMetrics } from './expose-metrics.ts'
import {
  createCounter,
  createGauge,
  createHistogram,
  type Counter,
  type ExemplarLabels,
  type Gauge,
  type Histogram,
  type InstrumentHost,
  type Metric,
} from './instruments.ts'
import { isSameMetric } from './merge-families.ts'
import { MetricError } from './metric-error.ts'
import type { MetricFamily, MetricType } from './metric-family.ts'
import {
  DEFAULT_BUCKETS,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type MetricsExporter,
  type MetricsOptions,
} from './metrics-options.ts'
import { escapeName } from './name-escaping.ts'
import { negotiate } from './negotiate.ts'
import { createLazyTotals } from './lazy-totals.ts'

const CREATE = 'create metrics'
const NAMES = [
  'backend',
  'namespace',
  'shards',
  'staleAfter',
  'maxSeries',
  'exemplars',
  'exporters',
  'flushEvery',
  'clock',
  'random',
] as const

/** What a request to `/metrics` is answered with. */
export interface ExposedMetrics {
  readonly body: string
  readonly contentType: string
}

/**
 * Counts and measures, over all isolates and processes together where it is given a backend.
 *
 * @example
 * ```ts
 * const metrics = new MetricsService({ backend })
 * const sent = metrics.counter('emails_sent_total', {
 *   help: 'E-mails handed to a provider',
 *   labels: ['provider'],
 * })
 * sent.inc({ provider: 'resend' })
 * const { body, contentType } = await metrics.expose(request)
 * ```
 */
export class MetricsService {
  readonly #metrics = new Map<string, Metric>()
  /** Names that are shown, as everyone can read them. */
  readonly #samples = new Set<string>()
  readonly #collectors: (() => Promise<readonly MetricReading[]>)[] = []
  readonly #exporters: readonly MetricsExporter[]
  readonly #shared: ReturnType<typeof createLazyTotals> | undefined
  readonly #host: InstrumentHost
  readonly #notices = new Map<string, Counter<'metric'>>()
  /** By metric, how often it had changed when it was last written. */
  readonly #written = new Map<string, number>()
  readonly #flushEveryMs: number
  #flushedAt = -Infinity

  /**
   * @throws TypeError when an option is of another kind or name
   * @throws RangeError when a number is out of range
   */
  constructor(options: MetricsOptions = {}) {
    checkOptions(CREATE, options, [], NAMES)
    const { backend, clock = systemClock, random = systemRandom, namespace = 'default' } = options
    const { maxSeries = 1000, flushEvery = 0, shards = 1, staleAfter = '10m' } = options
    const now = (): number => clock.now()
    if (!/^[\w.-]{1,100}$/.test(namespace))
      throw new TypeError(
        `Cannot ${CREATE}: namespace is no word of at most 100 characters, one expected`,
      )
    this.#exporters = [...(options.exporters ?? [])]
    this.#host = {
      now,
      exemplar: options.exemplars === true ? currentExemplar : undefined,
      maxSeries: checkInteger(CREATE, 'maxSeries', maxSeries, 1, 2000),
      onOverflow: (metric) =>
        this.#notice(
          'metrics_overflow_total',
          'Values whose labels were over the limit of series',
          metric,
        ),
      onRefused: (metric) =>
        this.#notice(
          'metrics_refused_total',
          'Values that were no number a metric of this kind takes',
          metric,
        ),
    }
    this.#flushEveryMs = checkDuration(CREATE, 'flushEvery', flushEvery, 0, 3_600_000)
    checkInteger(CREATE, 'shards', shards, 1, 64)
    const staleMs = checkDuration(CREATE, 'staleAfter', staleAfter, 60_000, 86_400_000)
    if (backend !== undefined) {
      const { store } = backend
      this.#shared = createLazyTotals({
        store,
        namespace,
        shards,
        maxSeries,
        staleMs,
        random,
        now,
      })
    }
  }

  /**
   * A counter; asked for again under its name it is the same.
   *
   * @param name As `emails_sent_total`; with dots it is escaped for who cannot read them
   * @throws MetricError `defined_otherwise`
   * @throws TypeError when the name, a label, the unit or another option is malformed
   */
  counter<const Label extends string = never>(
    name: string,
    options: MetricOptions<Label>,
  ): Counter<Label> {
    const family = this.#family(name.replace(/_total$/, ''), 'counter', options, [])
    return this.#define(family, () => createCounter(family, this.#host))
  }

  /**
   * A gauge; asked for again under its name it is the same.
   *
   * @throws MetricError `defined_otherwise`
   * @throws TypeError when the name, a label, the unit or another option is malformed
   */
  gauge<const Label extends string = never>(
    name: string,
    options: GaugeOptions<Label>,
  ): Gauge<Label> {
    const family = {
      ...this.#family(name, 'gauge', options, ['merge']),
      merge: options.merge ?? 'last',
    }
    if (!/^(?:last|sum|min|max)$/.test(family.merge))
      throw new TypeError(
        `Cannot create metric: merge is ${JSON.stringify(family.merge)}, last, sum, min or max expected`,
      )
    return this.#define(family, () => createGauge(family, this.#host))
  }

  /**
   * A histogram; asked for again under its name it is the same.
   *
   * @throws MetricError `defined_otherwise`
   * @throws TypeError when the name, a label, the unit or another option is malformed
   * @throws RangeError when the buckets do not ascend, or are too many
   */
  histogram<const Label extends string = never>(
    name: string,
    options: HistogramOptions<Label>,
  ): Histogram<Label> {
    const bounds = checkBuckets(options.buckets ?? DEFAULT_BUCKETS)
    const family = { ...this.#family(name, 'histogram', options, ['buckets']), bounds }
    return this.#define(family, () => createHistogram(family, this.#host))
  }

  /** Shows the numbers of a service, as a queue or webhooks, with each exposition. */
  watch(service: Pick<Service, 'readMetrics'>): void {
    if (service.readMetrics !== undefined)
      this.#collectors.push(async () => (await service.readMetrics?.()) ?? [])
  }

  /**
   * All metrics, in the form that a request's `Accept` header asks for: Prometheus' text, or
   * OpenMetrics.
   *
   * @throws BackendError when the store failed: no numbers are better than wrong ones
   */
  async expose(request?: {
    readonly headers: { get(name: string): string | null }
  }): Promise<ExposedMetrics> {
    const exposition = negotiate(request?.headers.get('accept'))
    return {
      body: exposeMetrics(await this.read(), exposition),
      contentType: exposition.contentType,
    }
  }

  /**
   * All metrics with their totals, over all isolates where there is a backend.
   *
   * @throws BackendError when the store failed
   */
  async read(): Promise<readonly MetricFamily[]> {
    const readings = await Promise.all(this.#collectors.map((collect) => collect()))
    let families: readonly MetricFamily[]
    if (this.#shared === undefined) families = this.#snapshot()
    else {
      await this.#share()
      const shared = await this.#shared.read()
      const names = new Set(shared.map(({ name }) => name))
      families = [...shared, ...this.#snapshot().filter(({ name }) => !names.has(name))]
    }
    return [...families, ...familiesOf(readings.flat(), this.#host.now())].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )
  }

  /**
   * Writes what is new to the backend and to the exporters. Never rejects, and can be called again
   * and again: at the end of each request, `ctx.waitUntil(metrics.flush())`.
   */
  async flush(): Promise<FlushResult> {
    const now = this.#host.now()
    // A clock may step back.
    if (now >= this.#flushedAt && now - this.#flushedAt < this.#flushEveryMs) return NOTHING
    this.#flushedAt = now
    const results = [await this.#shareQuietly()]
    for (const exporter of this.#exporters) {
      try {
        const families = exporter.wants === 'totals' ? await this.read() : this.#snapshot()
        results.push(await exporter.export(families))
      } catch (error) {
        results.push({ ...NOTHING, errors: [error] })
      }
    }
    return {
      sent: results.reduce((sum, { sent }) => sum + sent, 0),
      dropped: results.reduce((sum, { dropped }) => sum + dropped, 0),
      errors: results.flatMap(({ errors }) => errors).slice(0, MAX_ERRORS),
    }
  }

  /**
   * Forgets what the backend has of a metric, as when its buckets are to be others. Isolates that
   * count it begin at 0.
   */
  async forget(name: string): Promise<void> {
    await this.#shared?.forget(name.replace(/_total$/, ''))
  }

  async #shareQuietly(): Promise<FlushResult> {
    try {
      return { ...NOTHING, ...(await this.#share()) }
    } catch (error) {
      return { ...NOTHING, errors: [error] }
    }
  }

  async #share(): Promise<{ sent: number; errors: readonly unknown[] }> {
    if (this.#shared === undefined) return { sent: 0, errors: [] }
    const changed = Array.from(this.#metrics).filter(
      ([name, { table }]) => table.series.length > 0 && this.#written.get(name) !== table.changes,
    )
    if (changed.length === 0) return { sent: 0, errors: [] }
    const changes = changed.map(([name, { table }]): [string, number] => [name, table.changes])
    const errors = await this.#shared.write(changed.map(([, metric]) => familyOf(metric)))
    for (const [name, count] of changes) this.#written.set(name, count)
    return { sent: changed.length - errors.length, errors }
  }

  #snapshot(): readonly MetricFamily[] {
    return Array.from(this.#metrics.values()).flatMap((metric) =>
      metric.table.series.length === 0 ? [] : familyOf(metric),
    )
  }

  #family<Label extends string>(
    name: string,
    type: MetricType,
    options: MetricOptions<Label>,
    more: readonly string[],
  ): Omit<MetricFamily, 'series'> {
    const action = 'create metric'
    checkOptions<MetricOptions<Label>>(action, options, ['help'], [
      'labels',
      'unit',
      ...more,
    ] as 'unit'[])
    const { help, labels = [], unit } = options
    // Escaped it is a name for everyone; only what cannot be seen is refused.
    if (typeof name !== 'string' || !/^[^\p{C}\s"]{1,200}$/u.test(name))
      throw new TypeError(
        `Cannot ${action}: the name is no word of at most 200 characters, as "emails_sent_total" expected`,
      )
    for (const label of labels)
      if (!/^(?!__)[^\p{C}\s"]{1,100}$/u.test(label) || label === 'le' || label === 'quantile')
        throw new TypeError(
          `Cannot ${action}: label ${JSON.stringify(label)} is no name for one, a word expected`,
        )
    const shown = new Set(labels.map((label) => escapeName(label, 'underscores')))
    if (shown.size !== labels.length || labels.length > 20)
      throw new TypeError(`Cannot ${action}: labels has one twice or more than 20, others expected`)
    if (unit !== undefined && !(/^\w+$/.test(unit) && name.endsWith(`_${unit}`)))
      throw new TypeError(
        `Cannot ${action}: the name does not end in the unit, "${name}_${unit}" expected`,
      )
    return { name, type, help, unit, labelNames: [...labels] }
  }

  #define<Instrument>(
    family: Omit<MetricFamily, 'series'>,
    create: () => Metric<Instrument>,
  ): Instrument {
    const known = this.#metrics.get(family.name)
    if (known === undefined) {
      const names = samplesOf(family)
      if (names.some((name) => this.#samples.has(name)))
        throw new MetricError(
          'defined_otherwise',
          `Cannot create metric ${JSON.stringify(family.name)}: another one is shown under the same name, one that is still one without its dots expected`,
          { status: 409 },
        )
      for (const name of names) this.#samples.add(name)
      const metric = create()
      this.#metrics.set(family.name, metric)
      return metric.instrument
    }
    const isSame =
      isSameMetric(known.family, family) &&
      known.family.labelNames.join() === family.labelNames.join()
    // Of one family there is one instrument, made by the same function.
    if (isSame) return known.instrument as Instrument
    throw new MetricError(
      'defined_otherwise',
      `Cannot create metric ${JSON.stringify(family.name)}: it was made before with another type, other labels or other buckets`,
      { status: 409 },
    )
  }

  /** What goes wrong may go wrong often: its counter is made once. */
  #notice(name: string, help: string, metric: string): void {
    if (metric.startsWith('metrics_')) return
    let counter = this.#notices.get(name)
    if (counter === undefined) {
      counter = this.counter(name, { help, labels: ['metric'] })
      this.#notices.set(name, counter)
    }
    counter.inc({ metric })
  }
}

/** The names of a family and of its samples. */
function samplesOf({ name, type }: Pick<MetricFamily, 'name' | 'type'>): readonly string[] {
  const suffixes = {
    counter: ['', '_total', '_created'],
    gauge: [''],
    histogram: ['', '_bucket', '_count', '_sum', '_created'],
  }
  return suffixes[type].map((suffix) => escapeName(name, 'underscores') + suffix)
}

function familyOf({ family, table }: Metric): MetricFamily {
  return {
    ...family,
    series: table.series.map((series) => ({
      ...series,
      counts: series.counts?.slice(),
      exemplars: series.exemplars?.slice(),
    })),
  }
}

/** The readings of services, by name. */
function familiesOf(readings: readonly MetricReading[], at: number): readonly MetricFamily[] {
  const byName = new Map<string, MetricReading[]>()
  for (const reading of readings)
    byName.set(reading.name, [...(byName.get(reading.name) ?? []), reading])
  return Array.from(byName, ([name, all]) => {
    const labelNames = Array.from(new Set(all.flatMap(({ labels }) => Object.keys(labels))))
    const { type, help } = all[0] ?? { type: 'gauge', help: '' }
    return {
      name: type === 'counter' ? name.replace(/_total$/, '') : name,
      type,
      help,
      labelNames,
      series: all.map(({ labels, value }) => ({
        labels: labelNames.map((label) => labels[label] ?? ''),
        value,
        at,
      })),
    }
  })
}

function checkBuckets(buckets: readonly number[]): readonly number[] {
  const ascends = buckets.every(
    (bound, at) => Number.isFinite(bound) && bound > (buckets[at - 1] ?? -Infinity),
  )
  if (buckets.length >= 1 && buckets.length <= 60 && ascends) return [...buckets]
  throw new RangeError(
    'Cannot create metric: buckets are not 1 to 60 ascending numbers, such expected',
  )
}

function currentExemplar(): ExemplarLabels | undefined {
  const { traceId, spanId, sampled } = currentContext() ?? {}
  if (traceId === undefined || sampled === false) return undefined
  return spanId === undefined ? { trace_id: traceId } : { trace_id: traceId, span_id: spanId }
}
