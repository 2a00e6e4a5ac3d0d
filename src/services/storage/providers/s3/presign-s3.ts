import { durationMs, type Duration } from '../../../../primitives/duration.ts'
import { percentEncode } from '../../../../primitives/percent.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { keyFault } from '../../blobs/key-rule.ts'
import type { PresignedRequest } from '../../blobs/blob-store.ts'
import {
  ALGORITHM,
  amzDateOf,
  createAwsSigner,
  queryOf,
  scopeOf,
  signedHeadersOf,
  UNSIGNED_PAYLOAD,
  type AwsSigner,
  type S3Credentials,
} from '../../signing/sigv4.ts'
import { s3Bucket, type S3Bucket, type S3EndpointOptions } from './s3-endpoint.ts'

const WEEK_MS = 604_800_000

/** Options of {@link createS3Presigner}. */
export interface S3PresignerOptions extends S3EndpointOptions, S3Credentials {
  readonly bucket: string
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What a presigned request is to be. */
export interface S3PresignOptions {
  /** Default `GET`. */
  readonly method?: PresignedRequest['method']
  /** 1 second to 7 days. Default 15 minutes. */
  readonly expiresIn?: Duration
  /** Headers that must be sent exactly so. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** `response-content-type` and its like, `versionId`. Default: none. */
  readonly query?: Readonly<Record<string, string>>
}

/**
 * Presigns requests to one bucket and nothing else, at once: no promise, no request, 3 KB.
 *
 * @example
 * const region = 'eu-central-1'
 * const presign = createS3Presigner({ bucket: 'avatars', region, accessKeyId, secretAccessKey })
 * const { url } = presign('users/42.png', { expiresIn: '10m' })
 *
 * @throws RangeError when an option is malformed, as does what it makes for a key no store should
 *   have
 */
export function createS3Presigner(
  options: S3PresignerOptions,
): (key: string, options?: S3PresignOptions) => PresignedRequest {
  const { clock = systemClock } = options
  const bucket = s3Bucket(options, options.bucket)
  const signer = createAwsSigner(options.secretAccessKey)
  return (key, { method = 'GET', expiresIn = 900_000, headers = {}, query = {} } = {}) => {
    const fault = key === '' ? 'is empty' : keyFault(key)
    if (fault !== null) throw new RangeError(`Cannot presign request: its key ${fault}`)
    const expiresInMs = durationMs(expiresIn)
    if (expiresInMs < 1000 || expiresInMs > WEEK_MS)
      throw new RangeError('Cannot presign request: expiresIn is not 1 s to 7 d')
    const asked = { method, signedAt: clock.now(), expiresInMs, headers, query }
    return presignS3(bucket, options, signer, key, asked)
  }
}

/** Signs one request in its query. */
export function presignS3(
  { origin, host, region, path }: S3Bucket,
  { accessKeyId, sessionToken }: Omit<S3Credentials, 'secretAccessKey'>,
  signer: AwsSigner,
  key: string,
  asked: {
    readonly method: PresignedRequest['method']
    readonly signedAt: number
    readonly expiresInMs: number
    readonly headers: Readonly<Record<string, string>>
    readonly query: Readonly<Record<string, string>>
  },
): PresignedRequest {
  const { method, signedAt, expiresInMs, headers, query } = asked
  const scope = { amzDate: amzDateOf(signedAt), region, service: 's3' }
  const signed = { ...headers, host }
  const seconds = Math.floor(expiresInMs / 1000)
  // Written in order, for what comes first in every such query comes first in the alphabet too.
  const own =
    `X-Amz-Algorithm=${ALGORITHM}&X-Amz-Credential=${percentEncode(`${accessKeyId}/${scopeOf(scope)}`)}` +
    `&X-Amz-Date=${scope.amzDate}&X-Amz-Expires=${seconds}` +
    (sessionToken === undefined ? '' : `&X-Amz-Security-Token=${percentEncode(sessionToken)}`) +
    `&X-Amz-SignedHeaders=${percentEncode(signedHeadersOf(signed))}`
  const text = [own, queryOf(Object.entries(query))].filter(Boolean).join('&')
  const target = path(key)
  const request = { method, path: target, query: text, headers: signed, payload: UNSIGNED_PAYLOAD }
  return {
    method,
    url: `${origin}${target}?${text}&X-Amz-Signature=${signer(request, scope)}`,
    headers,
    expiresAt: Math.floor(signedAt / 1000) * 1000 + seconds * 1000,
  }
}
