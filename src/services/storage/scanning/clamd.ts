import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { ARCHIVE_LIMITS, inspectArchive, type ArchiveLimits } from './archives/inspect-archive.ts'
import { askCommand, askInstream, type ClamdConnect } from './clamd-connection.ts'
import { ScanError } from './scan-error.ts'
import type { ScanEngine, ScanVerdict, UnscannableReason, VirusScanner } from './virus-scanner.ts'

/** Options of {@link clamd}. */
export interface ClamdOptions {
  /** Of a network of one's own: clamd knows neither passwords nor, by itself, TLS. */
  readonly host: string
  /** Default 3310. */
  readonly port?: number
  /**
   * Opens connections: `connect` of `cloudflare:sockets`, or `connectSocket` of `…/runtime/node`.
   */
  readonly connect: ClamdConnect
  /** Whether something in front of clamd speaks TLS. Default false. */
  readonly tls?: boolean
  /** The most bytes looked at; not above clamd's `StreamMaxLength`. Default 25 MiB. */
  readonly maxBytes?: number
  /**
   * What archives may hold; not above clamd's `MaxFileSize`, `MaxScanSize`, `MaxFiles` and
   * `MaxRecursion`.
   */
  readonly archives?: Partial<ArchiveLimits>
  /** How long one scan may take. Default 1 minute. */
  readonly timeout?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** How long what clamd says of its signatures is believed. */
const VERSION_MS = 300_000

/**
 * Scans with clamd over TCP, on Node, Deno, Bun and Workers. clamd's `OK` alone is no proof: it
 * skips what is beyond its limits. So archives are looked into here as well, and one that holds
 * more than clamd looks at is `unscannable`.
 *
 * @example
 * import { connectSocket } from '@white-cross/reuse/infrastructure/runtime/node'
 * const scanner = clamd({ host: 'clamd.internal', connect: connectSocket })
 * const { verdict } = await scanner.scan(bytes) // 'clean', 'infected' or 'unscannable'
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function clamd(options: ClamdOptions): VirusScanner {
  const action = 'use clamd'
  checkOptions(
    action,
    options,
    ['host', 'connect'],
    ['port', 'tls', 'maxBytes', 'archives', 'timeout', 'clock'],
  )
  const { host: hostname, connect, tls = false, clock = systemClock } = options
  if (typeof hostname !== 'string' || !/^[\w.:[\]-]{1,255}$/.test(hostname))
    throw new TypeError(`Cannot ${action}: host is no name of a host`)
  if (typeof connect !== 'function')
    throw new TypeError(
      `Cannot ${action}: connect is absent, that of cloudflare:sockets or connectSocket of the package's runtime/node expected`,
    )
  const port = checkInteger(action, 'port', options.port ?? 3310, 1, 65_535)
  const maxBytes = checkInteger(action, 'maxBytes', options.maxBytes ?? 26_214_400, 1, 2 ** 31)
  const timeoutMs = checkDuration(action, 'timeout', options.timeout ?? '1m', 10, 3_600_000)
  const limits = archiveLimitsOf(action, options.archives ?? {})
  let known: { readonly engine: ScanEngine; readonly until: number } | null = null

  async function withSocket<Result>(
    signal: AbortSignal | undefined,
    act: (socket: ReturnType<ClamdConnect>) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted()
    let socket: ReturnType<ClamdConnect> | undefined
    const close = (): void => void socket?.close().catch(() => undefined)
    const late = (): ScanError => unavailable(`it took longer than ${timeoutMs} ms`)
    try {
      return await runWithin(clock, timeoutMs, signal, late, async (either) => {
        either.addEventListener('abort', close, { once: true })
        socket = connect(
          { hostname, port },
          { secureTransport: tls ? 'on' : 'off', allowHalfOpen: false },
        )
        return act(socket)
      })
    } catch (cause) {
      signal?.throwIfAborted()
      throw cause instanceof ScanError ? cause : unavailable('the connection failed', cause)
    } finally {
      close()
    }
  }

  async function engineOf(signal: AbortSignal | undefined): Promise<ScanEngine> {
    if (known !== null && clock.now() < known.until) return known.engine
    const engine = engineIn(await withSocket(signal, (socket) => askCommand(socket, 'VERSION')))
    known = { engine, until: clock.now() + VERSION_MS }
    return engine
  }

  return {
    name: 'clamd',
    capabilities: { stores: [], maxBytes, archives: true },
    async scan(input, { signal } = {}) {
      if (!(input instanceof Uint8Array) && !(input instanceof ReadableStream))
        throw new TypeError('Cannot scan: clamd reads no stores, bytes or a stream expected')
      const bytes = input instanceof Uint8Array ? input : await readBytes(input, maxBytes, signal)
      const engine = await engineOf(signal)
      if (bytes === null || bytes.length > maxBytes) return unscannable('too_large', engine)
      const reply = await withSocket(signal, (socket) => askInstream(socket, bytes))
      const verdict = verdictOf(reply, engine)
      if (verdict.verdict !== 'clean') return verdict
      const reason = await inspectArchive(bytes, limits, signal)
      return reason === null ? verdict : unscannable(reason, engine)
    },
  }
}

function archiveLimitsOf(action: string, given: Partial<ArchiveLimits>): ArchiveLimits {
  checkOptions(action, given, [], ['entries', 'entryBytes', 'totalBytes', 'depth', 'others'])
  const { others = ARCHIVE_LIMITS.others } = given
  if (others !== 'refuse' && others !== 'trust')
    throw new TypeError(`Cannot ${action}: archives.others is neither 'refuse' nor 'trust'`)
  const read = (name: 'entries' | 'entryBytes' | 'totalBytes' | 'depth', most: number): number =>
    checkInteger(action, `archives.${name}`, given[name] ?? ARCHIVE_LIMITS[name], 1, most)
  return {
    entries: read('entries', 1_000_000),
    entryBytes: read('entryBytes', 2 ** 31),
    totalBytes: read('totalBytes', 2 ** 32),
    depth: read('depth', 16),
    others,
  }
}

/** Reads `ClamAV 1.4.6/27829/Sat Nov 28 09:10:11 2026`; without a database the rest is absent. */
function engineIn(reply: string): ScanEngine {
  const [name = '', , made = ''] = reply.split('/')
  if (!/^ClamAV \S{1,40}$/.test(name))
    throw new ScanError('failed', 'Cannot scan: what answers is no clamd')
  // clamd writes its machine's time without a zone, and runs in UTC unless told otherwise.
  const at = Date.parse(`${made} UTC`)
  return { engine: name, signaturesAt: Number.isNaN(at) ? null : at }
}

function verdictOf(reply: string, engine: ScanEngine): ScanVerdict {
  if (reply === 'stream: OK') return { verdict: 'clean', ...engine }
  const [, signature] = /^stream: (.{1,300}) FOUND$/.exec(reply) ?? []
  if (signature !== undefined) {
    const [, reason] = HEURISTICS.find(([form]) => form.test(signature)) ?? []
    if (reason !== undefined) return unscannable(reason, engine)
    return { verdict: 'infected', signature, ...engine }
  }
  if (/size limit exceeded/i.test(reply)) return unscannable('too_large', engine)
  throw unavailable('clamd answered with an error')
}

/** What clamd "finds" where it could not look. */
const HEURISTICS: readonly (readonly [RegExp, UnscannableReason])[] = [
  [/^Heuristics\.Limits\.Exceeded/, 'archive_limit'],
  [/^Heuristics\.Encrypted/, 'encrypted'],
  [/^Heuristics\.Broken/, 'malformed'],
]

function unscannable(reason: UnscannableReason, engine: ScanEngine): ScanVerdict {
  return { verdict: 'unscannable', reason, ...engine }
}

function unavailable(what: string, cause?: unknown): ScanError {
  return new ScanError('unavailable', `Cannot scan: ${what}`, { cause })
}
