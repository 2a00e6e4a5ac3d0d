import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { postBatch } from '../exporting/post-batch.ts'
import { checkHeaders, checkUrl } from '../logs/http-sink.ts'
import { exposeMetrics } from './expose-metrics.ts'
import type { MetricsExporter } from './metrics-options.ts'
import { negotiate } from './negotiate.ts'

/** Options of {@link pushgateway}. */
export interface PushgatewayOptions {
  /** Of the gateway, as `http://push.internal:9091`. */
  readonly url: string
  /** The value of the label `job`, under which it keeps all this. */
  readonly job: string
  /**
   * Further labels of the group, as `{ instance: 'eu-1' }`: few values, never an id. Default: none.
   */
  readonly group?: Readonly<Record<string, string>>
  /** Sent with each request, as a key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Tries in all while the gateway is away or busy, 1 to 10. Default 3. */
  readonly attempts?: number
  /** Longest time of one try, 1 ms to 5 min. Default 10 s. */
  readonly timeout?: Duration
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  readonly clock?: Clock
  readonly random?: RandomSource
}

const ACTION = 'create pushgateway exporter'

/**
 * Pushes totals to a Prometheus Pushgateway, which keeps the last ones of each group: over all
 * isolates where the metrics have a backend. For what no Prometheus can scrape, as a job that ends.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const exporter = pushgateway({ url: 'http://push.internal:9091', job: 'nightly' })
 * const metrics = new MetricsService({ backend, exporters: [exporter] })
 * await metrics.flush()
 * ```
 */
export function pushgateway(options: PushgatewayOptions): MetricsExporter {
  checkOptions(
    ACTION,
    options,
    ['url', 'job'],
    ['group', 'headers', 'attempts', 'timeout', 'fetch', 'clock', 'random'],
  )
  const { job, group = {}, headers, attempts = 3, timeout = 10_000 } = options
  const { fetch = systemFetch, clock = systemClock, random = systemRandom } = options
  checkInteger(ACTION, 'attempts', attempts, 1, 10)
  const timeoutMs = checkDuration(ACTION, 'timeout', timeout, 1, 300_000)
  const base = checkUrl(ACTION, options.url).replace(/\/+$/, '')
  const path = Object.entries({ job, ...group })
    .map(pathOf)
    .join('/')
  const exposition = negotiate('text/plain')
  const target = {
    url: `${base}/metrics/${path}`,
    headers: checkHeaders(ACTION, exposition.contentType, headers),
    join: ([text = '']: readonly string[]) => text,
  }
  return {
    wants: 'totals',
    async export(families) {
      if (families.length === 0) return { sent: 0, dropped: 0, errors: [] }
      const text = exposeMetrics(families, exposition)
      const { sent, errors } = await postBatch([text], target, {
        fetch,
        clock,
        random,
        attempts,
        timeoutMs,
      })
      // Totals that did not arrive are in the next ones.
      return { sent: sent * families.length, dropped: 0, errors }
    },
  }
}

function pathOf([name, value]: [string, string]): string {
  if (
    !/^(?!__)[A-Za-z_]\w*$/.test(name) ||
    typeof value !== 'string' ||
    (name === 'job' && value === '')
  )
    throw new TypeError(
      `Cannot ${ACTION}: ${JSON.stringify(name.slice(0, 50))} is no label with a text, one expected`,
    )
  // A slash would end it, and of nothing the path has no segment.
  return value === '' || value.includes('/')
    ? `${name}@base64/${value === '' ? '=' : encodeBase64Url(encodeUtf8(value))}`
    : `${name}/${encodeURIComponent(value)}`
}
