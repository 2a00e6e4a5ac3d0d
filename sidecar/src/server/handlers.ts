import type { ServerResponse } from 'node:http'
import type { VirusScanner } from '@white-cross/reuse/infrastructure/storage/scanning'
import { ScanError } from '@white-cross/reuse/infrastructure/storage/scanning'
import {
  SIDECAR_PATHS,
  SidecarError,
  type SidecarCapabilities,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import { imageFailure } from '../images/image-failure.ts'
import { makeImageApart } from '../images/make-image-apart.ts'
import { makeImage } from '../images/make-image.ts'
import { isSvg, openImage } from '../images/open-image.ts'
import { readInput, writeInput } from '../input/read-input.ts'
import type { Stores } from '../input/stores.ts'
import type { SidecarLimits } from '../limits.ts'
import { probeVideo } from '../videos/probe-video.ts'
import { transcode } from '../videos/transcode.ts'
import type { VideoWorks } from '../videos/video-works.ts'
import { withScratchFolder } from '../work/scratch-folder.ts'
import type { WorkPlaces } from '../work/work-places.ts'
import { join } from 'node:path'
import { jsonResult, openEventStream, type Asker, type SidecarResult } from './answers.ts'
import { checkParameters, type InputParameter } from './check-parameters.ts'

/** What handlers work with. */
export interface Workshop {
  readonly limits: SidecarLimits
  readonly stores: Stores
  readonly scanner: VirusScanner | null
  /** Whether ffmpeg and ffprobe are there. */
  readonly hasVideo: boolean
  readonly places: Readonly<Record<'image' | 'video' | 'scan', WorkPlaces>>
  readonly works: VideoWorks
  /** Where scratch folders are made. */
  readonly scratch: string
  /** Elapsed ms. */
  readonly now: () => number
  readonly version: string
}

/** A request whose signature held. */
export interface Request {
  readonly parameters: unknown
  /** Reads the body, whose SHA-256 was signed; not before there is a place to work. */
  readonly body: () => Promise<Uint8Array<ArrayBuffer>>
  /** Aborts when nobody waits for the answer any longer. */
  readonly signal: AbortSignal
  readonly asker: Asker
  readonly response: ServerResponse
}

/** Answers one path; `null` where it has answered by itself. */
export type Handler = (request: Request) => Promise<SidecarResult | null>

export function createHandlers(shop: Workshop): ReadonlyMap<string, Handler> {
  const { limits, stores, places, scanner, works } = shop

  /** @returns What came with the request, and what it is read with */
  async function given(
    { body, signal }: Request,
    input: InputParameter,
    { maxBytes, deadlineMs }: { readonly maxBytes: number; readonly deadlineMs: number },
  ): Promise<Parameters<typeof readInput>[0]> {
    // Also where the input is stored: a body that was not signed for is refused.
    return { input, body: await body(), stores, maxBytes, deadlineMs, signal }
  }

  const { image, video, scan } = limits
  const ofImages = { maxBytes: image.inputBytes, deadlineMs: image.deadlineMs }

  async function nothingElse({ body }: Request): Promise<void> {
    if ((await body()).length > 0)
      throw new SidecarError('invalid_operation', 'Cannot accept request: it takes no body')
  }

  function needVideo(): void {
    if (!shop.hasVideo)
      throw new SidecarError('unsupported', 'Cannot work on video: there is no ffmpeg here')
  }

  return new Map<string, Handler>([
    [
      SIDECAR_PATHS.capabilities,
      async (request) => {
        checkParameters(SIDECAR_PATHS.capabilities, request.parameters)
        await nothingElse(request)
        return jsonResult(capabilitiesOf(shop))
      },
    ],
    [
      SIDECAR_PATHS.imageInfo,
      async (request) => {
        const { input } = checkParameters(SIDECAR_PATHS.imageInfo, request.parameters)
        return places.image.run(async () => {
          const bytes = await readInput(await given(request, input, ofImages))
          try {
            return jsonResult(openImage(bytes, { ...image, pixels: Infinity }, false).info)
          } catch (error) {
            throw imageFailure(error)
          }
        })
      },
    ],
    [
      SIDECAR_PATHS.image,
      async (request) => {
        const { input, operations } = checkParameters(SIDECAR_PATHS.image, request.parameters)
        return places.image.run(async () => {
          const from = await given(request, input, ofImages)
          const bytes = await readInput(from)
          const { watermark } = operations
          const mark =
            watermark === undefined
              ? null
              : await readInput({ ...from, input: { stored: watermark.image } })
          try {
            const made =
              isSvg(bytes) || (mark !== null && isSvg(mark))
                ? await makeImageApart(bytes, operations, image, mark, {
                    scratch: shop.scratch,
                    signal: request.signal,
                  })
                : await makeImage(bytes, operations, image, mark)
            const { width, height, frames } = made
            const result = Buffer.from(JSON.stringify({ width, height, frames }))
            return {
              body: made.bytes,
              contentType: made.contentType,
              result: result.toString('base64url'),
            }
          } catch (error) {
            throw imageFailure(error)
          }
        })
      },
    ],
    [
      SIDECAR_PATHS.videoInfo,
      async (request) => {
        needVideo()
        const { input } = checkParameters(SIDECAR_PATHS.videoInfo, request.parameters)
        return places.video.run(() =>
          withScratchFolder(shop.scratch, async (folder) => {
            const leftMs = image.deadlineMs
            const most = { maxBytes: video.inputBytes, deadlineMs: leftMs }
            const from = await given(request, input, most)
            await writeInput(from, join(folder, 'input'))
            const { signal } = request
            return jsonResult(await probeVideo('input', folder, video, leftMs, signal))
          }),
        )
      },
    ],
    [
      SIDECAR_PATHS.video,
      async (request) => {
        needVideo()
        const parameters = checkParameters(SIDECAR_PATHS.video, request.parameters)
        const { id, detachMs, input, operations, output } = parameters
        await nothingElse(request)
        const work = {
          ...{ id, detachMs },
          fingerprint: JSON.stringify([input, operations, output]),
          run: (control: Parameters<Parameters<VideoWorks['listen']>[0]['run']>[0]) =>
            transcode({ ...shop, ...control, operations, output, input: input.stored }),
        }
        let stream: ReturnType<typeof openEventStream> | null = null
        // What is refused at once is an answer of its own, so nothing is sent before it is taken.
        const early: Parameters<Parameters<VideoWorks['listen']>[1]>[0][] = []
        const tell: Parameters<VideoWorks['listen']>[1] = (event) => {
          if (stream === null) early.push(event)
          else if (event.type === 'done' || event.type === 'error') stream.end(event)
          else stream.send(event)
        }
        const leave = works.listen(work, tell)
        stream = openEventStream(request.response, request.asker)
        for (const event of early) tell(event)
        if (request.signal.aborted) leave()
        else request.signal.addEventListener('abort', leave, { once: true })
        return null
      },
    ],
    [
      SIDECAR_PATHS.videoCancel,
      async (request) => {
        const { id } = checkParameters(SIDECAR_PATHS.videoCancel, request.parameters)
        await nothingElse(request)
        return jsonResult({ cancelled: await works.cancel(id) })
      },
    ],
    [
      SIDECAR_PATHS.scan,
      async (request) => {
        const { input } = checkParameters(SIDECAR_PATHS.scan, request.parameters)
        if (scanner === null)
          throw new SidecarError('unsupported', 'Cannot scan: no clamd is configured')
        return places.scan.run(async () => {
          const bytes = await readInput(
            await given(request, input, { maxBytes: scan.bytes, deadlineMs: scan.deadlineMs }),
          )
          try {
            return jsonResult(await scanner.scan(bytes, { signal: request.signal }))
          } catch (error) {
            if (!(error instanceof ScanError)) throw error
            throw new SidecarError('scanner_unavailable', 'Cannot scan: clamd gave no verdict', {
              cause: error,
            })
          }
        })
      },
    ],
  ])
}

function capabilitiesOf({
  version,
  stores,
  limits,
  hasVideo,
  scanner,
}: Workshop): SidecarCapabilities {
  return {
    version,
    stores: Object.keys(stores),
    image: {
      formats: ['jpeg', 'png', 'webp', 'avif', 'gif'],
      maxInputBytes: Math.min(limits.bodyBytes, limits.image.inputBytes),
    },
    video: hasVideo
      ? {
          presets: [
            ...['mp4-1080p', 'mp4-720p', 'mp4-480p', 'webm-1080p', 'webm-720p'],
            ...['hls', 'audio-m4a'],
          ],
        }
      : null,
    scan: scanner === null ? null : { engine: 'ClamAV', maxBytes: limits.scan.bytes },
  }
}
