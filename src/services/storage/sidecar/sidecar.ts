import { decodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import {
  createSidecarCaller,
  parsed,
  type SidecarConnection,
  type SidecarReply,
} from '../../../runtime/sidecar/sidecar-caller.ts'
import { SidecarError } from '../../../runtime/sidecar/sidecar-error.ts'
import { SIDECAR_HEADERS, SIDECAR_LIMITS } from '../../../runtime/sidecar/sidecar-wire.ts'
import { MediaError, type MediaErrorCode } from '../media/media-error.ts'
import type {
  ImageInfo,
  MediaInput,
  MediaProcessor,
  TranscodedFile,
  TranscodedVideo,
  VideoInfo,
} from '../media/media-processor.ts'
import { ScanError, type ScanErrorCode } from '../scanning/scan-error.ts'
import type { ScannedObject, ScanVerdict, VirusScanner } from '../scanning/virus-scanner.ts'
import {
  SIDECAR_PATHS,
  type SidecarCapabilities,
  type SidecarVideoEvent,
} from './sidecar-protocol.ts'

/** Options of {@link sidecar}. */
export interface SidecarOptions extends SidecarConnection {
  /** Store aliases that the sidecar is configured with. Default: none, and all goes as bytes. */
  readonly stores?: readonly string[]
  /**
   * For how long a transcoding goes on while nobody listens, 0 to an hour; a second call with the
   * same id listens again. Default 1 minute.
   */
  readonly detach?: Duration
}

/** A client of the sidecar: it makes images and videos, and scans for viruses. */
export interface Sidecar extends Omit<Required<MediaProcessor>, 'capabilities'>, VirusScanner {
  readonly capabilities: MediaProcessor['capabilities'] & VirusScanner['capabilities']
  /** Asks the sidecar what it can do as it is configured. @throws MediaError */
  ask(options?: { readonly signal?: AbortSignal }): Promise<SidecarCapabilities>
  /** Ends a transcoding and removes what it wrote. @returns Whether it ran. @throws MediaError */
  cancelVideo(id: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>
}

const MEDIA_CODES: Readonly<Partial<Record<string, MediaErrorCode>>> = {
  signature_mismatch: 'unauthorized',
  timestamp_out_of_range: 'unauthorized',
  replayed: 'unauthorized',
  not_our_sidecar: 'unauthorized',
  invalid_operation: 'invalid_operation',
  unsupported: 'unsupported',
  input_not_found: 'input_not_found',
  input_too_large: 'input_too_large',
  unsupported_media: 'unsupported_media',
  unreadable_media: 'unreadable_media',
  limit_exceeded: 'limit_exceeded',
  deadline_exceeded: 'deadline_exceeded',
  busy: 'busy',
  store_failed: 'store_failed',
  scanner_unavailable: 'unavailable',
  unreachable: 'unavailable',
}

/**
 * Talks to the sidecar as docs/sidecar.md says. No answer is believed that is not signed with the
 * same key, so no other server can call a virus clean.
 *
 * @example
 * const media = sidecar({ url: 'https://media.internal', id: 'k1', secret: env.SIDECAR_SECRET })
 * createStorage({ backend, stores, media })
 */
export function sidecar(options: SidecarOptions): Sidecar {
  checkOptions(
    'use sidecar',
    options,
    ['url', 'id', 'secret'],
    ['stores', 'fetch', 'clock', 'random', 'detach'],
  )
  const { stores = [], detach = '1m' } = options
  const detachMs = checkDuration('use sidecar', 'detach', detach, 0, 3_600_000)
  const caller = createSidecarCaller(options)

  async function call(
    path: string,
    input: MediaInput | ScannedObject,
    more: object,
    signal: AbortSignal | undefined,
  ): Promise<SidecarReply> {
    const isBytes = input instanceof Uint8Array
    const parameters = { input: isBytes ? { body: true } : { stored: input }, ...more }
    return caller.call({ path, parameters, signal, ...(isBytes && { body: input }) })
  }

  return {
    name: 'sidecar',
    capabilities: {
      formats: ['jpeg', 'png', 'webp', 'avif', 'gif'],
      unsupported: [],
      presets: ['mp4-1080p', 'mp4-720p', 'mp4-480p', 'webm-1080p', 'webm-720p', 'hls', 'audio-m4a'],
      stores: [...stores],
      maxInputBytes: SIDECAR_LIMITS.bodyBytes,
      maxBytes: SIDECAR_LIMITS.bodyBytes,
      archives: true,
    },
    ask: ({ signal } = {}) =>
      asMedia(async () => {
        const path = SIDECAR_PATHS.capabilities
        // Here and below: signed by a sidecar of ours, which answers as the protocol says.
        return parsed(
          (await caller.call({ path, parameters: {}, signal })).body,
        ) as SidecarCapabilities
      }),
    imageInfo: (input, { signal } = {}) =>
      asMedia(
        async () =>
          parsed((await call(SIDECAR_PATHS.imageInfo, input, {}, signal)).body) as ImageInfo,
      ),
    image: (input, operations, { signal } = {}) =>
      asMedia(async () => {
        const { headers, body } = await call(SIDECAR_PATHS.image, input, { operations }, signal)
        const result = decodeBase64Url(headers.get(SIDECAR_HEADERS.result) ?? '')
        const size = parsed(result ?? new Uint8Array()) as Record<
          'width' | 'height' | 'frames',
          number
        >
        const contentType = headers.get('content-type') ?? 'application/octet-stream'
        return { bytes: body, contentType, ...size }
      }),
    videoInfo: (input, { signal } = {}) =>
      asMedia(
        async () =>
          parsed((await call(SIDECAR_PATHS.videoInfo, input, {}, signal)).body) as VideoInfo,
      ),
    video: (stored, operations, output, { id, onProgress, signal }) =>
      asMedia(async (): Promise<TranscodedVideo> => {
        const parameters = { id, input: { stored }, operations, output, detachMs }
        const path = SIDECAR_PATHS.video
        const files: TranscodedFile[] = []
        for await (const value of caller.events({ path, parameters, signal })) {
          const event = value as SidecarVideoEvent
          if (event.type === 'progress')
            onProgress?.({ ratio: event.ratio, seconds: event.seconds })
          if (event.type === 'file') files.push(event.file)
          if (event.type === 'done') return { files, seconds: event.seconds }
          if (event.type === 'error')
            throw new SidecarError(
              event.error.code,
              `Cannot transcode video: the sidecar says ${event.error.code}`,
            )
        }
        throw new SidecarError('unreachable', 'Cannot use sidecar: its events ended too early')
      }),
    cancelVideo: (id, { signal } = {}) =>
      asMedia(async () => {
        const request = { path: SIDECAR_PATHS.videoCancel, parameters: { id }, signal }
        const { cancelled } = parsed((await caller.call(request)).body) as { cancelled: boolean }
        return cancelled
      }),
    async scan(input, { signal } = {}) {
      try {
        const given =
          input instanceof ReadableStream
            ? await readBytes(input, SIDECAR_LIMITS.bodyBytes, signal)
            : input
        if (given === null) return TOO_LARGE
        const { body } = await call(SIDECAR_PATHS.scan, given, {}, signal)
        const verdict = parsed(body) as ScanVerdict
        if (['clean', 'infected', 'unscannable'].includes(verdict.verdict)) return verdict
      } catch (error) {
        if (!(error instanceof SidecarError)) throw error
        if (error.code === 'input_too_large') return TOO_LARGE
        const { code } = mediaErrorOf(error)
        throw new ScanError(
          SCAN_CODES[code] ?? 'failed',
          'Cannot scan: the sidecar gave no verdict',
          {
            cause: error,
          },
        )
      }
      throw new ScanError('failed', 'Cannot scan: the answer of the sidecar is no verdict')
    },
  }
}

const SCAN_CODES: Readonly<Partial<Record<MediaErrorCode, ScanErrorCode>>> = {
  input_not_found: 'input_not_found',
  unauthorized: 'unauthorized',
  busy: 'unavailable',
  unavailable: 'unavailable',
  deadline_exceeded: 'unavailable',
  store_failed: 'unavailable',
}

const TOO_LARGE: ScanVerdict = {
  verdict: 'unscannable',
  reason: 'too_large',
  engine: 'sidecar',
  signaturesAt: null,
}

async function asMedia<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    throw error instanceof SidecarError ? mediaErrorOf(error) : error
  }
}

function mediaErrorOf(error: SidecarError): MediaError {
  const { retryAfterMs, message } = error
  return new MediaError(MEDIA_CODES[error.code] ?? 'failed', message, {
    cause: error,
    ...(retryAfterMs !== null && { retryAfterMs }),
  })
}
