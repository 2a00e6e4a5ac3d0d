import { encodeBase64 } from '../../../primitives/base64.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { createHmacSha256 } from '../../../primitives/hmac-sha256.ts'
import { percentEncode } from '../../../primitives/percent.ts'
import { encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import type { CdnSigner } from './cdn-urls.ts'

/** Options of {@link cloudflareSigner}. */
export interface CloudflareSignerOptions {
  /** As it stands in the rule. At least 16 bytes. */
  readonly secret: string
  /** Name of the query's parameter. Default `verify`. */
  readonly parameter?: string
}

/**
 * Signs URLs for Cloudflare's token authentication, which a WAF rule checks:
 *
 * `not is_timed_hmac_valid_v0("<secret>", http.request.uri, 10800, http.request.timestamp.sec, 8)`
 *
 * How long a URL works is said there, from the time it is signed: 10,800 s in this rule, and 8 is
 * the length of `?verify=`. Make it `expiresIn` and `window` together. The URL has no other query.
 *
 * @example
 * const cdn = createCdnUrls({ baseUrl, signer: cloudflareSigner({ secret }) })
 *
 * @throws TypeError when an option is missing or unknown; RangeError when one is malformed
 */
export function cloudflareSigner(options: CloudflareSignerOptions): CdnSigner {
  checkOptions('sign for Cloudflare', options, ['secret'], ['parameter'])
  const { secret, parameter = 'verify' } = options
  if (utf8Length(secret) < 16)
    throw new RangeError('Cannot sign for Cloudflare: the secret has fewer than 16 bytes')
  if (!/^\w{1,32}$/.test(parameter))
    throw new RangeError('Cannot sign for Cloudflare: parameter is no word')
  const codeOf = createHmacSha256(encodeUtf8(secret))
  return {
    async sign(url, { signedAt }) {
      const { pathname, search } = new URL(url)
      if (search !== '')
        throw new TypeError('Cannot sign for Cloudflare: the URL has a query, which is not signed')
      const seconds = Math.floor(signedAt / 1000)
      const code = encodeBase64(codeOf(encodeUtf8(`${pathname}${seconds}`)))
      return `${url}?${parameter}=${seconds}-${percentEncode(code)}`
    },
  }
}
