import sharp, { type Sharp } from 'sharp'
import {
  planImageSize,
  type ImageFormat,
  type ImageInfo,
  type ImageOperations,
  type ImageSize,
} from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { openImage } from './open-image.ts'
import { drawWatermark } from './watermark.ts'

/** An image that was made. */
export interface MadeImage {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly width: number
  readonly height: number
  readonly frames: number
}

const ANIMATED: readonly ImageFormat[] = ['gif', 'webp']
const POSITIONS = {
  center: 'centre',
  top: 'top',
  right: 'right',
  bottom: 'bottom',
  left: 'left',
  'top-left': 'left top',
  'top-right': 'right top',
  'bottom-left': 'left bottom',
  'bottom-right': 'right bottom',
  attention: 'attention',
  entropy: 'entropy',
} as const

/**
 * Makes an image of another one.
 *
 * @param mark The image to be laid over it, where the operations say so
 * @throws SidecarError, or what sharp fails with
 */
export async function makeImage(
  bytes: Uint8Array<ArrayBuffer>,
  operations: ImageOperations,
  limits: SidecarLimits['image'],
  mark: Uint8Array<ArrayBuffer> | null,
): Promise<MadeImage> {
  const { animated = true } = operations
  const { info, decode } = openImage(bytes, limits, animated)
  const format = operations.format ?? ownFormat(info)
  checkTogether(operations, format)
  const frames = animated && ANIMATED.includes(format) ? info.frames : 1
  const size = planImageSize(uprightSize(info, operations), operations)
  if (size.width * size.height * frames > limits.pixels)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot work on image: more than ${limits.pixels} pixels would come out`,
    )
  if (frames > 1) checkAnimation(operations)
  const upright = await turn(decode(frames > 1), operations, limits)
  let image = resize(upright, operations, size)
  image = colour(image, operations, format)
  if (operations.watermark !== undefined && mark !== null) {
    image = image.composite([await drawWatermark(mark, operations.watermark, size, limits)])
    const isClear = info.hasAlpha || operations.background?.length === 9
    if (!isClear) image = image.removeAlpha()
  }
  if (operations.metadata === 'icc') image = image.keepIccProfile()
  const made = await encode(image, format, operations.quality).toBuffer({ resolveWithObject: true })
  if (made.data.length > limits.outputBytes)
    throw new SidecarError(
      'limit_exceeded',
      `Cannot work on image: more than ${limits.outputBytes} bytes would come out`,
    )
  return {
    bytes: made.data,
    contentType: `image/${format}`,
    width: made.info.width,
    height: made.info.pageHeight ?? made.info.height,
    frames: made.info.pages ?? 1,
  }
}

function ownFormat({ format }: ImageInfo): ImageFormat {
  return format === 'svg' ||
    format === 'tiff' ||
    format === 'heif' ||
    format === 'bmp' ||
    format === 'pdf'
    ? 'png'
    : format
}

/** Where orientation is left alone, what is cut and measured are the pixels as they are stored. */
function uprightSize(
  { width, height, orientation }: ImageInfo,
  { orient = true }: ImageOperations,
): ImageSize {
  return orient || orientation < 5 ? { width, height } : { width: height, height: width }
}

/** What is without effect would be a mistake that nobody hears of. */
function checkTogether(operations: ImageOperations, format: ImageFormat): void {
  const { fit = 'cover', position, enlarge, width, height, quality } = operations
  const looks = position === 'attention' || position === 'entropy'
  const sides = [width, height].filter((side) => side !== undefined).length
  const rules: readonly (readonly [boolean, string])[] = [
    [quality !== undefined && format === 'gif', 'quality has no effect on a GIF'],
    [position !== undefined && sides < 2, 'position needs both width and height'],
    [operations.fit !== undefined && sides === 0, 'fit needs a width or a height'],
    [enlarge !== undefined && sides === 0, 'enlarge needs a width or a height'],
    [
      position !== undefined && fit !== 'cover' && fit !== 'contain',
      'position needs a fit of cover or contain',
    ],
    [looks && fit !== 'cover', 'attention and entropy need a fit of cover'],
  ]
  const [broken] = rules.filter(([holds]) => holds)
  if (broken !== undefined)
    throw new SidecarError('invalid_operation', `Cannot work on image: ${broken[1]}`)
}

function checkAnimation({ watermark, rotate = 0, flip, position }: ImageOperations): void {
  const looks = position === 'attention' || position === 'entropy'
  if (watermark !== undefined || rotate !== 0 || flip !== undefined || looks)
    throw new SidecarError(
      'unsupported',
      'Cannot work on image: an animation is neither turned, mirrored, watermarked nor cut by what draws the eye; animated: false takes its first frame',
    )
}

/** Orientation, cutting, turning and mirroring. */
async function turn(
  image: Sharp,
  { orient = true, crop, rotate = 0, flip, width, height }: ImageOperations,
  limits: SidecarLimits['image'],
): Promise<Sharp> {
  let turned = orient ? image.autoOrient() : image
  if (crop !== undefined) turned = turned.extract(crop)
  if (rotate !== 0) turned = turned.rotate(rotate)
  // sharp mirrors before it turns, and a quarter turn exchanges the two.
  const isHorizontal = rotate % 180 === 0 ? flip === 'horizontal' : flip === 'vertical'
  if (flip !== undefined) turned = isHorizontal ? turned.flop() : turned.flip()
  const isResized = width !== undefined || height !== undefined
  if (!isResized || (rotate === 0 && flip === undefined)) return turned
  // sharp would resize before it turns, and cut what is then another side.
  const { data } = await turned
    .keepIccProfile()
    .png({ compressionLevel: 0 })
    .toBuffer({ resolveWithObject: true })
  return sharp(data, { limitInputPixels: limits.pixels }).timeout({
    seconds: Math.ceil(limits.deadlineMs / 1000),
  })
}

function resize(
  image: Sharp,
  { width, height, fit = 'cover', position = 'center', background = '#ffffff' }: ImageOperations,
  size: ImageSize,
): Sharp {
  if (width === undefined && height === undefined) return image
  const isBox = width !== undefined && height !== undefined
  return image.resize({
    ...size,
    // With one side alone the other was computed: there is nothing to fit.
    fit: isBox && fit !== 'inside' && fit !== 'outside' ? fit : 'fill',
    position: POSITIONS[position],
    background,
  })
}

function colour(image: Sharp, operations: ImageOperations, format: ImageFormat): Sharp {
  const { blur, sharpen, grayscale = false, background = '#ffffff' } = operations
  let coloured = format === 'jpeg' ? image.flatten({ background }) : image
  if (grayscale) coloured = coloured.grayscale()
  if (blur !== undefined) coloured = coloured.blur(blur)
  if (sharpen !== undefined) coloured = coloured.sharpen({ sigma: sharpen })
  return coloured
}

function encode(image: Sharp, format: ImageFormat, quality: number | undefined): Sharp {
  const given = quality === undefined ? {} : { quality }
  switch (format) {
    case 'jpeg':
      return image.jpeg({ ...given, mozjpeg: false })
    case 'png':
      // Below 100 a PNG is reduced to a palette.
      return image.png(quality === undefined ? {} : { ...given, palette: true })
    case 'webp':
      return image.webp(given)
    case 'avif':
      return image.avif({ ...given, effort: 3 })
    case 'gif':
      return image.gif()
  }
}
