import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { percentEncode, percentEncodePath } from '../../../primitives/percent.ts'
import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { checkBlobKey } from '../blobs/blob-key.ts'

/** Signs the URLs of one CDN: `cloudFrontSigner()` or `cloudflareSigner()`. */
export interface CdnSigner {
  /** @param url All of it, encoded as it will be requested */
  sign(url: string, life: CdnLife): Promise<string>
}

/** From when until when something is signed, ms since 1970. */
export interface CdnLife {
  readonly signedAt: number
  readonly expiresAt: number
}

/** Options of {@link createCdnUrls}. */
export interface CdnUrlsOptions {
  /** Where the CDN serves the bucket, as `https://cdn.example/avatars`. */
  readonly baseUrl: string
  /** Default: none, and what should expire is refused. */
  readonly signer?: CdnSigner
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link CdnUrls.signed}. */
export interface SignedUrlOptions {
  /** 1 second to 7 days. Default 1 hour. */
  readonly expiresIn?: Duration
  /**
   * Signs as of the start of a window this long, so that all URLs of a window are the same and
   * caches hit; they live between `expiresIn` and that much longer. Default 1 hour, 0 for none.
   */
  readonly window?: Duration
  /** Asked for besides, as `{ width: '300' }`; signed with the rest. */
  readonly query?: Readonly<Record<string, string>>
}

/** URLs of objects as a CDN serves them. */
export interface CdnUrls {
  /** @throws StorageError `invalid_key` */
  url(key: string, query?: Readonly<Record<string, string>>): string
  /** A URL that works until it expires. @throws TypeError where there is no signer */
  signed(
    key: string,
    options?: SignedUrlOptions,
  ): Promise<{ readonly url: string; readonly expiresAt: number }>
}

const WEEK_MS = 604_800_000

/**
 * Makes the URLs under which a CDN serves a bucket, each byte of a key encoded once.
 *
 * @example
 * const signer = cloudFrontSigner({ keyPairId, privateKey })
 * const cdn = createCdnUrls({ baseUrl: 'https://d111.cloudfront.example', signer })
 * const { url } = await cdn.signed('videos/1.mp4', { expiresIn: '1h' })
 *
 * @throws TypeError when an option is unknown, or baseUrl is no https URL without a query
 */
export function createCdnUrls(options: CdnUrlsOptions): CdnUrls {
  checkOptions('make CDN URLs', options, ['baseUrl'], ['signer', 'clock'])
  const { signer, clock = { now: systemNow } } = options
  const parsed = URL.parse(options.baseUrl)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash)
    throw new TypeError('Cannot make CDN URLs: baseUrl is no URL without a query')
  const base = parsed.href.replace(/\/$/, '')

  function url(key: string, query: Readonly<Record<string, string>> = {}): string {
    checkBlobKey(key)
    const pairs = Object.entries(query).map(
      ([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`,
    )
    return `${base}/${percentEncodePath(key)}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
  }

  return {
    url,
    async signed(key, given = {}) {
      checkOptions('sign CDN URL', given, [], ['expiresIn', 'window', 'query'])
      if (signer === undefined)
        throw new TypeError('Cannot sign CDN URL: there is no signer, give createCdnUrls one')
      const life = lifeOf(given, clock.now())
      return { url: await signer.sign(url(key, given.query), life), expiresAt: life.expiresAt }
    },
  }
}

/** When it is signed and until when, whole seconds: within a window always the same. */
export function lifeOf(
  { expiresIn = '1h', window = '1h' }: Pick<SignedUrlOptions, 'expiresIn' | 'window'>,
  now: number,
): CdnLife {
  const lifeMs = checkDuration('sign CDN URL', 'expiresIn', expiresIn, 1000, WEEK_MS)
  const windowMs = checkDuration('sign CDN URL', 'window', window, 0, WEEK_MS)
  const step = Math.max(windowMs, 1000)
  const signedAt = Math.floor(now / step) * step
  const expiresAt = Math.floor((signedAt + lifeMs + windowMs) / 1000) * 1000
  return { signedAt, expiresAt }
}
