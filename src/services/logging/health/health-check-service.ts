import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { isWorkers } from '../../../runtime/ports/platform/log-console.ts'
import type {
  HealthCheck,
  HealthFinding,
  HealthProbe,
  HealthReport,
  HealthStatus,
} from './health-check.ts'

/** Options of {@link HealthCheckService}. */
export interface HealthOptions {
  /** By name what must be well for requests to be answered. Default: nothing. */
  readonly checks?: Readonly<Record<string, HealthCheck | HealthProbe>>
  /** By name what must have been well once before any are. Default: nothing. */
  readonly startup?: Readonly<Record<string, HealthCheck | HealthProbe>>
  /** What is asked, for whoever asks. Default: not said. */
  readonly service?: string
  readonly version?: string
  /**
   * Whether answers say which check failed with what error. For those who may know. Default false.
   */
  readonly details?: boolean
  /** Hears of each failure with its error. Default: nobody. */
  readonly onFailure?: (name: string, error: unknown) => void
  /** Default: the platform's. */
  readonly clock?: Clock
}

interface KnownCheck {
  readonly name: string
  readonly run: HealthProbe
  readonly critical: boolean
  readonly timeoutMs: number
  readonly cacheMs: number
  found: HealthFinding | undefined
  running: Promise<HealthFinding> | undefined
}

const CREATE = 'create health checks'
const STATUS_CODES: Readonly<Record<HealthStatus, number>> = { pass: 200, warn: 200, fail: 503 }

/**
 * Answers whether this program lives, has started, and can do its work, as
 * `application/health+json`.
 *
 * @example
 * ```ts
 * const health = new HealthCheckService({
 *   checks: { ...backendChecks(backend), mail: { run: ping, critical: false } },
 * })
 * app.get('/health/live', () => health.live())
 * app.get('/health/ready', () => health.ready())
 * ```
 */
export class HealthCheckService {
  readonly #checks: readonly KnownCheck[]
  readonly #startup: readonly KnownCheck[]
  readonly #options: HealthOptions
  readonly #clock: Clock
  #started = false

  /**
   * @throws TypeError when an option is of another kind or name
   * @throws RangeError when a time is out of range
   */
  constructor(options: HealthOptions = {}) {
    checkOptions(
      CREATE,
      options,
      [],
      ['checks', 'startup', 'service', 'version', 'details', 'onFailure', 'clock'],
    )
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#checks = Object.entries(options.checks ?? {}).map(checkOf)
    this.#startup = Object.entries(options.startup ?? {}).map(checkOf)
  }

  /**
   * Whether this program lives. It asks nothing and nobody: who is restarted over a slow database
   * comes back to one.
   */
  live(): Response {
    return this.#answer({ status: 'pass', checks: {} })
  }

  /** Whether it can do its work: 200, also with `warn`, or 503. */
  async ready(): Promise<Response> {
    return this.#answer(await this.report())
  }

  /** Whether it has started: once it has, it has. */
  async startup(): Promise<Response> {
    const report = this.#started
      ? ({ status: 'pass', checks: {} } as const)
      : await this.#look(this.#startup)
    // Another request may have found it started meanwhile.
    this.#started ||= report.status !== 'fail'
    return this.#answer(report)
  }

  /** Looks at everything at once, no longer than the longest check may take. Never rejects. */
  report(): Promise<HealthReport> {
    return this.#look(this.#checks)
  }

  async #look(checks: readonly KnownCheck[]): Promise<HealthReport> {
    const found = await Promise.all(
      checks.map(async (check): Promise<[string, HealthFinding]> => [
        check.name,
        await this.#find(check),
      ]),
    )
    const worst = (['fail', 'warn'] as const).find((status) =>
      found.some(([, finding]) => finding.status === status),
    )
    return { status: worst ?? 'pass', checks: Object.fromEntries(found) }
  }

  async #find(check: KnownCheck): Promise<HealthFinding> {
    const now = this.#clock.now()
    const { found, cacheMs } = check
    // Of a clock that stepped back nothing is known.
    if (found !== undefined && now >= found.at && now - found.at < cacheMs) return found
    // Many who ask at once are one question; on Workers no request may wait for another's.
    if (check.running === undefined || isWorkers()) check.running = this.#run(check, now)
    return check.running
  }

  async #run(check: KnownCheck, startedAt: number): Promise<HealthFinding> {
    const { name, run, critical, timeoutMs } = check
    let status: HealthStatus = 'pass'
    let error: string | undefined
    try {
      const late = (): Error => new Error(`No answer within ${timeoutMs} ms`)
      const well = await runWithin(this.#clock, timeoutMs, undefined, late, async (signal) =>
        run(signal),
      )
      if (well === false) throw new Error('The check answered false')
    } catch (thrown) {
      status = critical ? 'fail' : 'warn'
      const { name: type, code } = readThrown(thrown)
      error = code === null ? type : `${type} ${code}`
      callQuietly(() => this.#options.onFailure?.(name, thrown))
    }
    const at = this.#clock.now()
    check.running = undefined
    check.found = { status, tookMs: Math.max(0, at - startedAt), at, error }
    return check.found
  }

  #answer({ status, checks }: HealthReport): Response {
    const { service, version, details = false } = this.#options
    const shown = Object.entries(checks).map(([name, finding]) => [
      `${name}:responseTime`,
      [
        {
          status: finding.status,
          observedValue: finding.tookMs,
          observedUnit: 'ms',
          time: new Date(finding.at).toISOString(),
          ...(details && finding.error !== undefined && { output: finding.error }),
        },
      ],
    ])
    const body = {
      status,
      ...(version !== undefined && { version }),
      ...(service !== undefined && { serviceId: service }),
      ...(shown.length > 0 && { checks: Object.fromEntries(shown) as object }),
    }
    return new Response(JSON.stringify(body), {
      status: STATUS_CODES[status],
      headers: { 'content-type': 'application/health+json', 'cache-control': 'no-store' },
    })
  }
}

function checkOf([name, given]: [string, HealthCheck | HealthProbe]): KnownCheck {
  const check = typeof given === 'function' ? { run: given } : given
  checkOptions(`${CREATE}: ${name}`, check, ['run'], ['critical', 'timeout', 'cache'])
  const { run, critical = true, timeout = '2s', cache = '5s' } = check
  if (typeof run !== 'function')
    throw new TypeError(
      `Cannot ${CREATE}: run of ${JSON.stringify(name)} is no function, one expected`,
    )
  return {
    name,
    run,
    critical,
    timeoutMs: checkDuration(CREATE, `timeout of ${name}`, timeout, 1, 60_000),
    cacheMs: checkDuration(CREATE, `cache of ${name}`, cache, 0, 3_600_000),
    found: undefined,
    running: undefined,
  }
}
