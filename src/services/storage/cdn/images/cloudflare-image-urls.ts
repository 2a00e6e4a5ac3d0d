import { checkOptions } from '../../../../primitives/check-options.ts'
import type { ImageOperations } from '../../media/image-operations.ts'
import {
  checkBase,
  checkUrlOperations,
  plainColour,
  refuseOperations,
  sourceOf,
  type ImageUrls,
} from './image-urls.ts'

/** Options of {@link cloudflareImageUrls}. */
export interface CloudflareImageUrlsOptions {
  /** The zone that transformations are enabled for, as `https://example.com`. */
  readonly baseUrl: string
  /**
   * Where Cloudflare reads objects: `https://files.example.com/avatars`. Another zone than the one
   * of `baseUrl` has to be allowed in its settings.
   */
  readonly source: string
}

const ACTION = 'make Cloudflare image URLs'

/**
 * Makes URLs of Cloudflare's image transformations (`/cdn-cgi/image/…`). They are not signed: who
 * may ask for which is for the zone's rules to say.
 *
 * @example
 * const baseUrl = 'https://example.com'
 * const images = cloudflareImageUrls({ baseUrl, source: 'https://files.example.com/avatars' })
 * images.url('users/42.png', { width: 300, height: 300 })
 *
 * @throws TypeError when an option is missing, unknown or malformed
 */
export function cloudflareImageUrls(options: CloudflareImageUrlsOptions): ImageUrls {
  checkOptions(ACTION, options, ['baseUrl', 'source'], [])
  const base = checkBase(ACTION, 'baseUrl', options.baseUrl, ['https:', 'http:'])
  const source = checkBase(ACTION, 'source', options.source, ['https:', 'http:'])
  return {
    url(key, operations = {}) {
      const { format, ...rest } = checkUrlOperations(ACTION, operations)
      refuseOperations(ACTION, { [`format: ${format}`]: format === 'png' || format === 'gif' })
      const steps = [...stepsOf(rest), `format=${format}`]
      return `${base}/cdn-cgi/image/${steps.join(',')}/${sourceOf(source, key)}`
    },
  }
}

function stepsOf(operations: ImageOperations): readonly string[] {
  const { width, height, fit = 'cover', enlarge = true, position = 'center', crop } = operations
  const { rotate = 0, flip, background, quality, blur, sharpen, grayscale = false } = operations
  const { metadata = 'strip', orient = true, animated = true } = operations
  const isBox = width !== undefined && height !== undefined
  const isFixed = isBox && (fit === 'contain' || fit === 'fill')
  refuseOperations(ACTION, {
    crop: crop !== undefined,
    // Its radius is another measure than a sigma.
    blur: blur !== undefined,
    sharpen: sharpen !== undefined,
    'fit: outside': isBox && fit === 'outside',
    [`enlarge: false with fit: ${fit}`]: isFixed && !enlarge,
    'position: entropy': position === 'entropy',
    'rotate and flip together': rotate !== 0 && flip !== undefined,
    'metadata: icc': metadata === 'icc',
    'orient: false': !orient,
  })
  return [
    ...(width === undefined ? [] : [`width=${width}`]),
    ...(height === undefined ? [] : [`height=${height}`]),
    ...(width === undefined && height === undefined
      ? []
      : [`fit=${isBox ? boxOf(fit, enlarge) : enlarge ? 'contain' : 'scale-down'}`]),
    ...(isBox && fit === 'cover' ? [`gravity=${gravityOf(position)}`] : []),
    ...(rotate === 0 ? [] : [`rotate=${rotate}`]),
    ...(flip === undefined ? [] : [`flip=${flip === 'horizontal' ? 'h' : 'v'}`]),
    ...(background === undefined ? [] : [`background=%23${plainColour(ACTION, background)}`]),
    ...(quality === undefined ? [] : [`quality=${quality}`]),
    ...(grayscale ? ['saturation=0'] : []),
    ...(animated ? [] : ['anim=false']),
    'metadata=none',
  ]
}

function boxOf(fit: NonNullable<ImageOperations['fit']>, enlarge: boolean): string {
  if (fit === 'cover') return enlarge ? 'cover' : 'crop'
  if (fit === 'contain') return 'pad'
  if (fit === 'fill') return 'squeeze'
  return enlarge ? 'contain' : 'scale-down'
}

function gravityOf(position: NonNullable<ImageOperations['position']>): string {
  if (position === 'attention') return 'auto'
  if (position === 'center') return '0.5x0.5'
  if (!position.includes('-')) return position
  return `${position.endsWith('left') ? 0 : 1}x${position.startsWith('top') ? 0 : 1}`
}
