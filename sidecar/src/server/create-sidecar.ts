import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import type { VirusScanner } from '@white-cross/reuse/infrastructure/storage/scanning'
import {
  checkSidecarKey,
  SIDECAR_LIMITS,
  SIDECAR_PATHS,
  type SidecarKey,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { Stores } from '../input/stores.ts'
import { DEFAULT_LIMITS, type SidecarLimits } from '../limits.ts'
import { createVideoWorks } from '../videos/video-works.ts'
import { hasProgram } from '../work/has-program.ts'
import { createWorkPlaces } from '../work/work-places.ts'
import { createHandlers, type Handler } from './handlers.ts'
import { createListener } from './listener.ts'
import { createMetrics } from './metrics.ts'
import { createNonceMemory } from './nonce-memory.ts'

/** What a sidecar is made of. */
export interface SidecarServerOptions {
  /** All that are in use; several while they are rotated. */
  readonly keys: readonly SidecarKey[]
  /** Default: none, and all comes as bytes. */
  readonly stores?: Stores
  /** Default: none, and scans are `unsupported`. */
  readonly scanner?: VirusScanner | null
  /** Other paths, signed the same way. Default: none. */
  readonly handlers?: ReadonlyMap<string, Handler>
  readonly limits?: SidecarLimits
  /** Where scratch folders are made. Default: the system's place for them. */
  readonly scratch?: string
  /** ms since 1970. Default: the platform's. */
  readonly now?: () => number
  /** Hears of failures that clients are not told in full. Default: nobody. */
  readonly onError?: (error: unknown, path: string) => void
}

/** A sidecar that serves. */
export interface SidecarServer {
  readonly url: string
  /** What it does, as OpenMetrics text. */
  metrics(): string
  /**
   * Takes no more work, lets what runs end for up to `graceMs`, then kills it; resolves when
   * nothing is left.
   */
  stop(graceMs?: number): Promise<void>
}

export const VERSION = '0.1.0'

const HEADER_BYTES = 32_768
const HEADERS_MS = 10_000
const REQUEST_MS = 120_000
const MOST_CONNECTIONS = 1024

/** Starts a sidecar. @throws RangeError when a key is malformed or there is none */
export async function startSidecar({
  host = '127.0.0.1',
  port = 0,
  ...options
}: SidecarServerOptions & {
  readonly host?: string
  readonly port?: number
}): Promise<SidecarServer> {
  const { keys, stores = {}, scanner = null, limits = DEFAULT_LIMITS } = options
  const { scratch = tmpdir(), now = Date.now, onError = () => undefined } = options
  if (keys.length === 0) throw new RangeError('Cannot start sidecar: there is no key, one expected')
  for (const key of keys) checkSidecarKey(key)
  const elapsed = (): number => performance.now()
  const places = {
    image: createWorkPlaces(limits.image.places, elapsed),
    video: createWorkPlaces(limits.video.places, elapsed),
    scan: createWorkPlaces(limits.scan.places, elapsed),
  }
  const metrics = createMetrics()
  const works = createVideoWorks(places.video, elapsed, (outcome, seconds, error) => {
    metrics.count(SIDECAR_PATHS.video, outcome, seconds)
    if (outcome === 'failed' || outcome === 'store_failed') onError(error, SIDECAR_PATHS.video)
  })
  const hasVideo = hasProgram('ffmpeg') && hasProgram('ffprobe')
  const shop = {
    ...{ limits, stores, scanner, hasVideo, places, works, scratch },
    ...{ now: elapsed, version: VERSION },
  }
  let stopping = false
  const listener = createListener({
    ...{ keys, metrics, now, elapsed, onError },
    handlers: new Map([...createHandlers(shop), ...(options.handlers ?? [])]),
    nonces: createNonceMemory(elapsed, 2 * SIDECAR_LIMITS.toleranceMs + 2000, limits.nonces),
    bodyBytes: Math.min(limits.bodyBytes, SIDECAR_LIMITS.bodyBytes),
    isReady: () => !stopping,
  })
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: 60_000,
    },
    listener.listen,
  )
  server.maxConnections = MOST_CONNECTIONS
  const url = await listen(server, host, port)

  return {
    url,
    metrics: () =>
      metrics.text([
        gauge('reuse_sidecar_places_taken', 'Places for work that are taken', ({ taken }) => taken),
        gauge('reuse_sidecar_places', 'Places for work', ({ size }) => size),
      ]),
    async stop(graceMs = 30_000) {
      stopping = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      // Mail and whatever else has places of its own is a request, a video is none.
      const idle = Promise.all([listener.idle(), places.video.idle()])
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
      await Promise.race([idle, late])
      clearTimeout(timer)
      await works.stop()
      // Answers that are on their way have a moment to arrive.
      server.closeIdleConnections()
      const force = setTimeout(() => server.closeAllConnections(), 1000)
      await closed
      clearTimeout(force)
    },
  }

  function gauge(
    name: string,
    help: string,
    read: (kind: { readonly taken: number; readonly size: number }) => number,
  ) {
    const values = Object.entries(places).map(([kind, found]) => ({ kind, value: read(found) }))
    return { name, help, values }
  }
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
}
