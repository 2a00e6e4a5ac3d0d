import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import type { MetricReading, Service } from '../../../runtime/ports/service.ts'
import { currentContext } from '../context/context.ts'
import { addResults, flushAll, NOTHING, type FlushResult } from '../exporting/flush-result.ts'
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
import { checkBuckets, describeMetric } from './describe-metric.ts'
import { MetricError } from './metric-error.ts'
import { isSameMetric, type MetricFamily } from './metric-family.ts'
import {
  DEFAULT_BUCKETS,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type MetricsExporter,
  type MetricsOptions,
} from './metrics-options.ts'
import { escapeName } from './name-escaping.ts'
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
  /** By metric, how often it had changed when it was last written, and when that was. */
  readonly #written = new Map<string, { readonly changes: number; readonly at: number }>()
  readonly #staleMs: number
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
    this.#exporters = checkExporters(options.exporters ?? [])
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
    this.#staleMs = staleMs
    if (backend !== undefined) {
      checkParts(CREATE, 'backend', backend, ['store'])
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
    const family = describeMetric(name, 'counter', options)
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
    const described = describeMetric(name, 'gauge', options, ['merge'])
    const { merge = 'last' } = options
    if (typeof merge !== 'string' || !/^(?:last|sum|min|max)$/.test(merge))
      throw new TypeError(
        `Cannot create metric: merge is ${JSON.stringify(merge)}, last, sum, min or max expected`,
      )
    const family = { ...described, merge }
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
    const described = describeMetric(name, 'histogram', options, ['buckets'])
    const family = { ...described, bounds: checkBuckets(options.buckets ?? DEFAULT_BUCKETS) }
    return this.#define(family, () => createHistogram(family, this.#host))
  }

  /** Shows the numbers of a service, as a queue or webhooks, with each exposition. */
  watch(service: Pick<Service, 'readMetrics'>): void {
    const given: unknown = service
    if (typeof given !== 'object' || given === null)
      throw new TypeError(
        'Cannot watch service: it is of another kind, a queue or the like expected',
      )
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
    // Loaded when it is first asked for: whoever only counts has none of it.
    const { exposeMetrics, negotiate } = await import('./exposition.ts')
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
    const { joinFamilies, readFamilies } = await import('./exposition.ts')
    const shown = readFamilies(readings.flat(), this.#host.now())
    return joinFamilies([...families, ...shown]).toSorted((a, b) => (a.name < b.name ? -1 : 1))
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
    const shared = await flushAll([{ flush: () => this.#share() }])
    // Side by side: one that is slow keeps no other waiting.
    let totals: Promise<readonly MetricFamily[]> | undefined
    const exported = await flushAll(
      this.#exporters.map((exporter) => ({
        flush: async () =>
          exporter.export(
            exporter.wants === 'totals' ? await (totals ??= this.read()) : this.#snapshot(),
          ),
      })),
    )
    return addResults([shared, exported])
  }

  /**
   * Forgets what the backend has of a metric, as when its buckets are to be others. Isolates that
   * count it begin at 0.
   */
  async forget(name: string): Promise<void> {
    await this.#shared?.forget(name)
    // A counter's is kept without.
    if (name.endsWith('_total')) await this.#shared?.forget(name.slice(0, -6))
  }

  async #share(): Promise<FlushResult> {
    if (this.#shared === undefined) return NOTHING
    const at = this.#host.now()
    const changed = Array.from(this.#metrics).filter(([name, { table, family }]) => {
      const written = this.#written.get(name)
      if (table.series.length === 0 || written === undefined) return table.series.length > 0
      // A gauge that stays as it is must not be taken for one whose isolate is gone.
      const isOld = family.type === 'gauge' && Math.abs(at - written.at) >= this.#staleMs / 2
      return isOld || written.changes !== table.changes
    })
    if (changed.length === 0) return NOTHING
    const taken = changed.map(([name, { table }]) => ({ name, changes: table.changes, at }))
    const errors = await this.#shared.write(changed.map(([, metric]) => familyOf(metric)))
    for (const { name, ...written } of taken)
      if ((this.#written.get(name)?.changes ?? 0) <= written.changes)
        this.#written.set(name, written)
    return { sent: changed.length - errors.length, dropped: 0, errors }
  }

  #snapshot(): readonly MetricFamily[] {
    return Array.from(this.#metrics.values()).flatMap((metric) =>
      metric.table.series.length === 0 ? [] : familyOf(metric),
    )
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

function checkExporters(exporters: readonly MetricsExporter[]): readonly MetricsExporter[] {
  const given: unknown = exporters
  if (Array.isArray(given) && exporters.every((one) => typeof one?.export === 'function'))
    return [...exporters]
  throw new TypeError(
    `Cannot ${CREATE}: exporters is no list of exporters, as [otlpMetrics({ url })] expected`,
  )
}

function currentExemplar(): ExemplarLabels | undefined {
  const { traceId, spanId, sampled } = currentContext() ?? {}
  if (traceId === undefined || sampled === false) return undefined
  return spanId === undefined ? { trace_id: traceId } : { trace_id: traceId, span_id: spanId }
}
