import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { checkImageOperations } from './check-image-operations.ts'
import { stripJpegMetadata } from './facts/strip-jpeg-metadata.ts'
import { readImageInfo } from './facts/read-image-info.ts'
import type { ImageFormat, ImageOperations } from './image-operations.ts'
import type { ImagesBindingLike, ImageTransformLike } from './images-binding.ts'
import { MediaError } from './media-error.ts'
import type { ImageInfo, MediaProcessor } from './media-processor.ts'
import { planImageSize, type ImageSize } from './plan-size.ts'

/** Limits of {@link cloudflareImages}. */
export interface CloudflareImagesOptions {
  /** Bytes of an image, to the 70 MB that Cloudflare takes. Default 20 MiB. */
  readonly maxInputBytes?: number
  /** Pixels of all frames together, before and after. Default 50 million. */
  readonly maxPixels?: number
  /** Frames of an animation. Default 100. */
  readonly maxFrames?: number
}

const UNSUPPORTED = ['watermark', 'blur', 'sharpen'] as const
const MOST_OUTPUT_BYTES = 67_108_864

/**
 * Makes images with the Images binding of Workers. It knows no videos, no stores, watermarks, blur
 * and sharpening; those are refused as `unsupported`. What an image is, is read from its header
 * before Cloudflare gets to see it.
 *
 * @example
 * const media = cloudflareImages(env.IMAGES)
 * createStorage({ backend, stores, media })
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function cloudflareImages(
  binding: ImagesBindingLike,
  options: CloudflareImagesOptions = {},
): MediaProcessor {
  const action = 'use Cloudflare Images'
  checkOptions(action, options, [], ['maxInputBytes', 'maxPixels', 'maxFrames'])
  const read = (name: keyof CloudflareImagesOptions, usual: number, most: number): number =>
    checkInteger(action, name, options[name] ?? usual, 1, most)
  const maxInputBytes = read('maxInputBytes', 20_971_520, 70_000_000)
  const maxPixels = read('maxPixels', 50_000_000, 100_000_000)
  const maxFrames = read('maxFrames', 100, 10_000)

  function bytesOf(input: Parameters<MediaProcessor['image']>[0]): Uint8Array<ArrayBuffer> {
    if (!(input instanceof Uint8Array))
      throw new MediaError('unsupported', `Cannot ${action}: it reads no stores, bytes expected`)
    if (input.length > maxInputBytes)
      throw new MediaError('input_too_large', `Cannot ${action}: the image is too large`)
    return input
  }

  return {
    name: 'cloudflare-images',
    capabilities: {
      formats: ['jpeg', 'png', 'webp', 'avif', 'gif'],
      unsupported: UNSUPPORTED,
      presets: [],
      stores: [],
      maxInputBytes,
    },
    // oxlint-disable-next-line typescript/require-await -- what it throws is to be a rejection
    imageInfo: async (input) => readImageInfo(bytesOf(input)),
    async image(input, given, { signal } = {}) {
      const bytes = bytesOf(input)
      const operations = checkImageOperations(action, given)
      checkSupported(operations)
      const info = readImageInfo(bytes)
      if (info.format === 'tiff' || info.format === 'bmp' || info.format === 'pdf')
        throw new MediaError('unsupported_media', `Cannot ${action}: it reads no ${info.format}`)
      const format = operations.format ?? (isWritten(info.format) ? info.format : 'png')
      const animated = (operations.animated ?? true) && (format === 'gif' || format === 'webp')
      const frames = animated ? info.frames : 1
      const size = planImageSize(info, operations)
      const most = Math.max(info.width * info.height, size.width * size.height) * frames
      if (frames > maxFrames || most > maxPixels)
        throw new MediaError('limit_exceeded', `Cannot ${action}: too many frames or pixels`)
      signal?.throwIfAborted()
      const steps = stepsOf(info, operations, size)
      let image = binding.input(new Blob([bytes]).stream())
      for (const step of steps) image = image.transform(step)
      const { quality, background = '#ffffff' } = operations
      const made = await result(async () => {
        const output = await image.output({
          format: `image/${format}`,
          anim: animated,
          ...(quality !== undefined && { quality }),
          ...(format === 'jpeg' && { background }),
        })
        return readBytes(output.image(), MOST_OUTPUT_BYTES, signal)
      }, signal)
      if (made === null)
        throw new MediaError('limit_exceeded', `Cannot ${action}: more came out than allowed`)
      const clean = format === 'jpeg' ? stripJpegMetadata(made) : made
      const found = readImageInfo(clean)
      if (found.format !== format || !isClose(found, size))
        throw new MediaError('failed', `Cannot ${action}: it made another image than was asked for`)
      const { width, height } = found
      return { bytes: clean, contentType: `image/${format}`, width, height, frames: found.frames }
    },
  }
}

function checkSupported(operations: ImageOperations): void {
  const { orient = true, metadata = 'strip', fit, enlarge = true } = operations
  const names: readonly string[] = [
    ...UNSUPPORTED.filter((name) => operations[name] !== undefined),
    ...(orient ? [] : ['orient: false']),
    ...(metadata === 'strip' ? [] : ['metadata']),
    ...(fit === 'contain' && !enlarge ? ['enlarge: false with fit: contain'] : []),
  ]
  const [first] = names
  if (first !== undefined)
    throw new MediaError('unsupported', `Cannot use Cloudflare Images: it cannot do ${first}`)
}

function isWritten(format: ImageInfo['format']): format is ImageFormat {
  return ['jpeg', 'png', 'webp', 'avif', 'gif'].includes(format)
}

/** One step at a time, in the order that {@link ImageOperations} promises. */
function stepsOf(
  upright: ImageSize,
  operations: ImageOperations,
  size: ImageSize,
): readonly ImageTransformLike[] {
  const { crop, rotate = 0, flip, width, height, fit = 'cover', grayscale = false } = operations
  const { position = 'center', background = '#ffffff' } = operations
  const { left, top } = crop ?? { left: 0, top: 0 }
  if (
    crop !== undefined &&
    (left + crop.width > upright.width || top + crop.height > upright.height)
  )
    throw new MediaError(
      'invalid_operation',
      'Cannot use Cloudflare Images: the part to keep lies outside of the image',
    )
  const isBox = width !== undefined && height !== undefined
  const resize: ImageTransformLike =
    isBox && fit === 'cover'
      ? { ...sizeOf(size), fit: 'cover', gravity: gravityOf(position) }
      : isBox && fit === 'contain'
        ? { ...sizeOf(size), fit: 'pad', background }
        : // The size is computed, so there is nothing left to fit.
          { ...sizeOf(size), fit: 'squeeze' }
  return [
    ...(crop === undefined ? [] : [{ trim: { ...crop } }]),
    ...(rotate === 0 ? [] : [{ rotate }]),
    ...(flip === undefined
      ? []
      : [{ flip: flip === 'horizontal' ? ('h' as const) : ('v' as const) }]),
    ...(width === undefined && height === undefined ? [] : [resize]),
    ...(grayscale ? [{ saturation: 0 }] : []),
  ]
}

function sizeOf({ width, height }: ImageSize): { width: number; height: number } {
  return { width, height }
}

function gravityOf(
  position: NonNullable<ImageOperations['position']>,
): NonNullable<ImageTransformLike['gravity']> {
  if (position === 'attention') return 'auto'
  if (
    position === 'entropy' ||
    position === 'center' ||
    position === 'top' ||
    position === 'right' ||
    position === 'bottom' ||
    position === 'left'
  )
    return position
  return {
    x: position.endsWith('left') ? 0 : 1,
    y: position.startsWith('top') ? 0 : 1,
    mode: 'box-center',
  }
}

/** A pixel more or less is how others round. */
function isClose(found: ImageSize, size: ImageSize): boolean {
  return Math.abs(found.width - size.width) <= 1 && Math.abs(found.height - size.height) <= 1
}

/** Codes of the binding's errors that say something of the image. */
const NO_IMAGE = /\b(?:9412|9520)\b/

async function result<Result>(
  act: () => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  try {
    return await act()
  } catch (cause) {
    signal?.throwIfAborted()
    const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
    const isNone = NO_IMAGE.test(`${String(code)} ${String(message)}`)
    throw new MediaError(
      isNone ? 'unsupported_media' : 'failed',
      `Cannot use Cloudflare Images: ${isNone ? 'it does not read or write this kind' : 'it failed'}`,
      { cause },
    )
  }
}
