import { encodeBase64Url } from '../../../../primitives/base64url.ts'
import { checkOptions } from '../../../../primitives/check-options.ts'
import type { Duration } from '../../../../primitives/duration.ts'
import { decodeHex } from '../../../../primitives/hex.ts'
import { createHmacSha256 } from '../../../../primitives/hmac-sha256.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { systemNow, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { lifeOf } from '../cdn-urls.ts'
import type { ImageOperations } from '../../media/image-operations.ts'
import {
  checkBase,
  checkUrlOperations,
  plainColour,
  refuseOperations,
  sourceOf,
  type ImageUrls,
} from './image-urls.ts'

/** Options of {@link imgproxyUrls}. */
export interface ImgproxyUrlsOptions {
  /** Where imgproxy, or a CDN before it, is reached, as `https://images.example`. */
  readonly baseUrl: string
  /** `IMGPROXY_KEY`: hex of at least 16 bytes. */
  readonly key: string
  /** `IMGPROXY_SALT`: hex of at least 16 bytes. */
  readonly salt: string
  /** Where imgproxy reads objects: `s3://avatars`, `gs://…`, `abs://…`, `https://…`, `local://`. */
  readonly source: string
  /** 1 second to 7 days. Default: URLs do not expire. */
  readonly expiresIn?: Duration
  /** With `expiresIn`: all URLs of a window are the same. Default 1 hour, 0 for none. */
  readonly window?: Duration
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

const ACTION = 'make imgproxy URLs'
const GRAVITY: Readonly<
  Record<Exclude<NonNullable<ImageOperations['position']>, 'entropy'>, string>
> = {
  center: 'ce',
  top: 'no',
  right: 'ea',
  bottom: 'so',
  left: 'we',
  'top-left': 'nowe',
  'top-right': 'noea',
  'bottom-left': 'sowe',
  'bottom-right': 'soea',
  attention: 'sm',
}

/**
 * Signs URLs for imgproxy, which makes an image when it is asked for one. Images are turned upright
 * and freed of their metadata unless another thing is said.
 *
 * @example
 * const images = imgproxyUrls({ baseUrl, key, salt, source: 's3://avatars' })
 * images.url('users/42.png', { width: 300, height: 300, format: 'webp' })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function imgproxyUrls(options: ImgproxyUrlsOptions): ImageUrls {
  checkOptions(
    ACTION,
    options,
    ['baseUrl', 'key', 'salt', 'source'],
    ['expiresIn', 'window', 'clock'],
  )
  const { expiresIn, window, clock = { now: systemNow } } = options
  const base = checkBase(ACTION, 'baseUrl', options.baseUrl, ['https:', 'http:'])
  const schemes = ['s3:', 'gs:', 'abs:', 'swift:', 'local:', 'https:', 'http:']
  const source =
    options.source === 'local://'
      ? 'local://'
      : checkBase(ACTION, 'source', options.source, schemes)
  const codeOf = createHmacSha256(secretOf('key', options.key))
  const salt = secretOf('salt', options.salt)
  if (window !== undefined && expiresIn === undefined)
    throw new TypeError(`Cannot ${ACTION}: window is for URLs that expire, expiresIn expected`)
  const life = (): ReturnType<typeof lifeOf> | null =>
    expiresIn === undefined
      ? null
      : lifeOf({ expiresIn, ...(window !== undefined && { window }) }, clock.now())
  life()

  return {
    url(key, operations = {}) {
      const { format, ...rest } = checkUrlOperations(ACTION, operations)
      const expires = life()
      const steps = [
        ...stepsOf(rest),
        ...(expires === null ? [] : [`exp:${Math.floor(expires.expiresAt / 1000)}`]),
      ]
      const ending = format === 'auto' ? '' : `.${format === 'jpeg' ? 'jpg' : format}`
      const path = `/${steps.join('/')}/${encodeBase64Url(encodeUtf8(sourceOf(source, key)))}${ending}`
      const message = encodeUtf8(path)
      const signed = new Uint8Array(salt.length + message.length)
      signed.set(salt)
      signed.set(message, salt.length)
      return `${base}/${encodeBase64Url(codeOf(signed))}${path}`
    },
  }
}

function stepsOf(operations: ImageOperations): readonly string[] {
  const { width, height, fit = 'cover', enlarge = true, position = 'center', crop } = operations
  const { rotate = 0, flip, background, quality, blur, sharpen, grayscale = false } = operations
  const { metadata = 'strip', orient = true, animated = true } = operations
  const isBox = width !== undefined && height !== undefined
  refuseOperations(ACTION, {
    'fit: outside': isBox && fit === 'outside',
    'position: entropy': position === 'entropy',
    flip: flip !== undefined,
    grayscale,
    'animated: false': !animated,
    'crop and rotate together': crop !== undefined && rotate !== 0,
  })
  const kind =
    !isBox || fit === 'inside' || fit === 'contain' ? 'fit' : fit === 'fill' ? 'force' : 'fill'
  const extend = isBox && fit === 'contain' ? ':1' : ''
  const sized = width !== undefined || height !== undefined
  return [
    ...(crop === undefined ? [] : [`c:${crop.width}:${crop.height}:nowe:${crop.left}:${crop.top}`]),
    ...(rotate === 0 ? [] : [`rot:${rotate}`]),
    ...(sized ? [`rs:${kind}:${width ?? 0}:${height ?? 0}:${enlarge ? 1 : 0}${extend}`] : []),
    ...(isBox && kind === 'fill' && position !== 'entropy' ? [`g:${GRAVITY[position]}`] : []),
    ...(background === undefined ? [] : [`bg:${plainColour(ACTION, background)}`]),
    ...(blur === undefined ? [] : [`bl:${blur}`]),
    ...(sharpen === undefined ? [] : [`sh:${sharpen}`]),
    ...(quality === undefined ? [] : [`q:${quality}`]),
    `ar:${orient ? 1 : 0}`,
    'sm:1',
    `scp:${metadata === 'icc' ? 0 : 1}`,
  ]
}

function secretOf(name: string, hex: string): Uint8Array<ArrayBuffer> {
  const bytes = typeof hex === 'string' ? decodeHex(hex) : null
  if (bytes !== null && bytes.length >= 16) return bytes
  throw new RangeError(`Cannot ${ACTION}: ${name} is no hex of at least 16 bytes`)
}
