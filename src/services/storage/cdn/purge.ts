import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { percentEncodePath } from '../../../primitives/percent.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { createHttpClient, errorOptionsOf, type HttpOptions } from '../http/http-client.ts'
import { encodeXml } from '../http/read-xml.ts'
import { codeOfStatus } from '../http/status-codes.ts'
import { signAwsRequest } from '../signing/sign-aws-request.ts'
import type { S3Credentials } from '../signing/sigv4.ts'
import { StorageError } from '../storage-error.ts'

/** What is to be forgotten by a CDN. */
export interface PurgeTargets {
  /** Whole URLs. CloudFront takes their paths, where one `*` may stand at the end. */
  readonly urls?: readonly string[]
  /** Cache tags of Cloudflare, surrogate keys of Fastly. */
  readonly tags?: readonly string[]
  /** Beginnings, as `cdn.example/videos/`. CloudFront takes their paths. */
  readonly prefixes?: readonly string[]
  /** All there is. Alone. */
  readonly everything?: true
}

/** Makes a CDN forget. */
export interface CdnPurger {
  /**
   * Asks in as few requests as the CDN takes; when it resolves all of them were accepted.
   *
   * @throws StorageError `unsupported` for what this CDN cannot find; `throttled` with
   *   `retryAfterMs`, `access_denied`, `unavailable`, `failed`. Some may have been purged before:
   *   purging again does no harm
   */
  purge(targets: PurgeTargets, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** Options of {@link cloudflarePurger}. */
export interface CloudflarePurgerOptions extends HttpOptions {
  readonly zoneId: string
  /** With the permission `Cache Purge`. */
  readonly apiToken: string
  /** Names in one request, as the plan has it, 1 to 500. Default 30. */
  readonly batch?: number
}

/** Options of {@link cloudFrontPurger}. */
export interface CloudFrontPurgerOptions extends HttpOptions, S3Credentials {
  readonly distributionId: string
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/** Options of {@link fastlyPurger}. */
export interface FastlyPurgerOptions extends HttpOptions {
  readonly serviceId: string
  readonly apiToken: string
  /** Lets what is purged be served while the new is fetched. Default `false`. */
  readonly soft?: boolean
}

const KINDS = ['urls', 'tags', 'prefixes'] as const
const HTTP = ['fetch', 'clock', 'timeout'] as const
const CLOUDFRONT_PATHS = 3000
const FASTLY_KEYS = 256

/**
 * Purges Cloudflare's cache by URL, tag or prefix.
 *
 * @example
 * const purger = cloudflarePurger({ zoneId, apiToken: env.PURGE_TOKEN })
 * await purger.purge({ urls: ['https://cdn.example/a.png'], tags: ['user-42'] })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function cloudflarePurger(options: CloudflarePurgerOptions): CdnPurger {
  checkOptions('purge Cloudflare', options, ['zoneId', 'apiToken'], ['batch', ...HTTP])
  const { zoneId, apiToken, batch = 30 } = options
  checkName('zoneId', zoneId)
  if (!Number.isInteger(batch) || batch < 1 || batch > 500)
    throw new RangeError('Cannot purge Cloudflare: batch is no integer from 1 to 500')
  const send = createSender(options)
  const url = `https://api.cloudflare.com/client/v4/zones/${zoneId}/purge_cache`
  return {
    async purge(targets, { signal } = {}) {
      checkTargets(targets)
      const bodies: object[] = targets.everything ? [{ purge_everything: true }] : []
      for (const kind of KINDS)
        for (const names of batches(targets[kind] ?? [], batch))
          bodies.push({ [kind === 'urls' ? 'files' : kind]: names })
      const headers = {
        authorization: `Bearer ${apiToken}`,
        'content-type': 'application/json',
      }
      for (const body of bodies) {
        const answer = await send('POST', url, headers, JSON.stringify(body), signal)
        // It may say 200 and no.
        if (!/"success"\s*:\s*true/.test(answer)) throw refused('Cloudflare did not accept it')
      }
    },
  }
}

/**
 * Invalidates paths of a CloudFront distribution, at most 3,000 at once.
 *
 * @example
 * const distributionId = 'EDFDVBD6EXAMPLE'
 * const purger = cloudFrontPurger({ distributionId, accessKeyId, secretAccessKey })
 * await purger.purge({ prefixes: ['https://cdn.example/videos/'] })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function cloudFrontPurger(options: CloudFrontPurgerOptions): CdnPurger {
  checkOptions(
    'purge CloudFront',
    options,
    ['distributionId', 'accessKeyId', 'secretAccessKey'],
    ['sessionToken', 'random', ...HTTP],
  )
  const { distributionId, clock = systemClock, random = systemRandom } = options
  checkName('distributionId', distributionId)
  const send = createSender(options)
  const host = 'cloudfront.amazonaws.com'
  const path = `/2020-05-31/distribution/${distributionId}/invalidation`
  return {
    async purge(targets, { signal } = {}) {
      checkTargets(targets)
      if (targets.tags !== undefined) throw unknownKind('CloudFront knows no tags')
      const paths = targets.everything
        ? ['/*']
        : [
            ...(targets.urls ?? []).map(pathOf),
            ...(targets.prefixes ?? []).map((prefix) => `${pathOf(prefix)}*`),
          ]
      for (const some of batches(paths, CLOUDFRONT_PATHS)) {
        const reference = `${encodeHex(sha256(encodeUtf8(some.join('\n')))).slice(0, 32)}-${encodeHex(random.bytes(8))}`
        const items = some.map((item) => `<Path>${encodeXml(item)}</Path>`).join('')
        const body =
          '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">' +
          `<CallerReference>${reference}</CallerReference><Paths><Items>${items}</Items>` +
          `<Quantity>${some.length}</Quantity></Paths></InvalidationBatch>`
        const { headers } = signAwsRequest(
          { method: 'POST', path, headers: { host, 'content-type': 'text/xml' }, body },
          { credentials: options, region: 'us-east-1', service: 'cloudfront', now: clock.now() },
        )
        const { host: _, ...sent } = headers
        await send('POST', `https://${host}${path}`, sent, body, signal)
      }
    },
  }
}

/**
 * Purges Fastly by URL or surrogate key.
 *
 * @example
 * const purger = fastlyPurger({ serviceId, apiToken: env.FASTLY_TOKEN, soft: true })
 * await purger.purge({ tags: ['user-42'] })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function fastlyPurger(options: FastlyPurgerOptions): CdnPurger {
  checkOptions('purge Fastly', options, ['serviceId', 'apiToken'], ['soft', ...HTTP])
  const { serviceId, apiToken, soft = false } = options
  checkName('serviceId', serviceId)
  const send = createSender(options)
  const api = 'https://api.fastly.com'
  return {
    async purge(targets, { signal } = {}) {
      checkTargets(targets)
      if (targets.prefixes !== undefined) throw unknownKind('Fastly knows no prefixes')
      const headers = {
        'fastly-key': apiToken,
        accept: 'application/json',
        ...(soft && { 'fastly-soft-purge': '1' }),
      }
      if (targets.everything)
        await send('POST', `${api}/service/${serviceId}/purge_all`, headers, '', signal)
      for (const keys of batches(targets.tags ?? [], FASTLY_KEYS))
        await send(
          'POST',
          `${api}/service/${serviceId}/purge`,
          { ...headers, 'content-type': 'application/json' },
          JSON.stringify({ surrogate_keys: keys }),
          signal,
        )
      for (const url of targets.urls ?? [])
        await send('POST', `${api}/purge/${placeOf(url)}`, headers, '', signal)
    },
  }
}

type Sender = (
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal | undefined,
) => Promise<string>

function createSender({ fetch, clock = systemClock, timeout = '30s' }: HttpOptions): Sender {
  const http = createHttpClient({ clock, timeout, ...(fetch !== undefined && { fetch }) })
  return async (method, url, headers, body, signal = new AbortController().signal) => {
    const sent = body === '' ? {} : { body: encodeUtf8(body) }
    const response = await http.send({ method, url, headers, ...sent }, signal)
    const text = await http.read(response, signal)
    if (response.ok) return text
    const { status } = response
    throw new StorageError(
      status === 404 ? 'failed' : codeOfStatus(status),
      `Cannot purge CDN: it answered ${status}`,
      errorOptionsOf(response, clock.now(), 'x-amzn-requestid'),
    )
  }
}

function checkTargets(targets: PurgeTargets): void {
  checkOptions('purge CDN', targets, [], [...KINDS, 'everything'])
  const names = KINDS.flatMap((kind) => targets[kind] ?? [])
  const malformed = names.some(
    // Control characters and blanks would end a header or a path.
    (name) => typeof name !== 'string' || name === '' || /[\s\p{Cc}\p{Cs}]/u.test(name),
  )
  if (malformed) throw new TypeError('Cannot purge CDN: a target is empty, or no URL and no tag')
  for (const url of [...(targets.urls ?? [])])
    if (!/^https?:\/\/[^/?#]+/.test(url) || !URL.canParse(url))
      throw new TypeError('Cannot purge CDN: urls are whole, as https://cdn.example/a.png')
  if (targets.everything === true ? names.length > 0 : names.length === 0)
    throw new TypeError('Cannot purge CDN: either everything, or some urls, tags or prefixes')
}

function checkName(name: string, value: string): void {
  if (!/^\w{1,64}$/.test(value)) throw new RangeError(`Cannot purge CDN: ${name} is none`)
}

/** Host, path and query; no `..` of it reaches another part of the API. */
function placeOf(url: string): string {
  const { host, pathname, search } = new URL(url)
  return `${host}${pathname}${search}`
}

/** Of a URL, or of what follows its scheme. */
function pathOf(target: string): string {
  const path = target.replace(/^(?:https?:\/\/)?[^/]*/, '') || '/'
  // What is encoded stays; what is not would not be found.
  return /^[\x21-\x7e]*$/.test(path) ? path : percentEncodePath(path)
}

function batches<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

function unknownKind(why: string): StorageError {
  return new StorageError('unsupported', `Cannot purge CDN: ${why}`)
}

function refused(why: string): StorageError {
  return new StorageError('failed', `Cannot purge CDN: ${why}`)
}
