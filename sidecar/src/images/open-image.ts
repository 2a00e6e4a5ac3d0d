import sharp, { type Sharp } from 'sharp'
import { readImageInfo, type ImageInfo } from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'

// One thread an image: several images at once use the cores better than one with several threads.
sharp.concurrency(1)
// Every image is another one: what is kept of the last would only take room.
sharp.cache(false)

/** An image whose header was read and found within the limits. */
export interface OpenedImage {
  readonly info: ImageInfo
  /** @param frames Whether all of them are wanted */
  decode(frames: boolean): Sharp
}

/**
 * Looks at an image's header before anything of it is decoded.
 *
 * @throws SidecarError `limit_exceeded`, `unsupported_media`; or MediaError of the reader
 */
export function openImage(
  bytes: Uint8Array<ArrayBuffer>,
  limits: SidecarLimits['image'],
  animated: boolean,
): OpenedImage {
  const info = readImageInfo(bytes)
  const frames = animated ? info.frames : 1
  if (frames > limits.frames)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot work on image: it has more than ${limits.frames} frames`,
    )
  if (info.width * info.height * frames > limits.pixels)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot work on image: it has more than ${limits.pixels} pixels`,
    )
  if (info.format === 'svg') checkSvg(bytes)
  return {
    info,
    decode: (all) =>
      sharp(bytes, {
        limitInputPixels: limits.pixels,
        failOn: 'error',
        sequentialRead: true,
        ...(all && frames > 1 ? { pages: -1 } : { pages: 1 }),
      }).timeout({ seconds: Math.ceil(limits.deadlineMs / 1000) }),
  }
}

const MOST_SVG_BYTES = 1_048_576
/** Where an SVG leads: all but its own parts, and pixels that it holds itself. */
const LEADS_OUTSIDE =
  /(?:\bhref|\bsrc)\s*=\s*["']?\s*(?!["']?(?:#|data:image\/(?:png|jpeg|gif|webp);base64,))[^"'\s>]|url\(\s*["']?\s*(?!#|["']?data:image\/(?:png|jpeg|gif|webp);base64,)[^)\s]|@import|<!ENTITY|<\?xml-stylesheet/i

/** @returns Whether it is a drawing; what cannot be told from its header is none */
export function isSvg(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return readImageInfo(bytes).format === 'svg'
  } catch {
    return false
  }
}

/**
 * Refuses an SVG that names anything outside itself. The renderer would not fetch it: whoever wrote
 * it meant something else than what would come out.
 */
function checkSvg(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length > MOST_SVG_BYTES)
    throw new SidecarError('limit_exceeded', 'Cannot work on image: an SVG so long is not drawn')
  if (LEADS_OUTSIDE.test(new TextDecoder().decode(bytes)))
    throw new SidecarError(
      'unsupported_media',
      'Cannot work on image: the SVG names something outside itself',
    )
}
