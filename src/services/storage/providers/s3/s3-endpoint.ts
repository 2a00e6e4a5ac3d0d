import { percentEncodePath } from '../../../../primitives/percent.ts'
import { isBucketName } from '../../blobs/key-rule.ts'

/** Where a store that speaks S3 is, and how it names buckets. */
export interface S3EndpointOptions {
  /** As `eu-central-1`; `auto` for R2. Default `us-east-1`. */
  readonly region?: string
  /** `https://…` without a path. Default: the one of AWS in `region`. */
  readonly endpoint?: string
  /**
   * Whether buckets stand in the path rather than in the host. Default: with an `endpoint` of one's
   * own.
   */
  readonly pathStyle?: boolean
}

/** Makes URLs of one bucket. */
export interface S3Bucket {
  readonly origin: string
  /** As it is sent and signed, with a port that is not the default. */
  readonly host: string
  readonly region: string
  /** @returns The encoded path of a key, or of the bucket itself */
  path(key?: string): string
}

/** @throws RangeError when the endpoint or the region is malformed */
export function s3Bucket(
  { region = 'us-east-1', endpoint, pathStyle = endpoint !== undefined }: S3EndpointOptions,
  bucket: string,
): S3Bucket {
  if (!isBucketName(bucket) || !/^[a-z0-9-]{1,64}$/.test(region))
    throw new RangeError('Cannot open S3: its bucket or region is malformed')
  const url = URL.parse(endpoint ?? `https://s3.${region}.amazonaws.com`)
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname + url.search + url.hash + url.username !== '/'
  )
    throw new RangeError('Cannot open S3: its endpoint is not https:// and a host')
  // A bucket with dots in the host does not fit the certificate.
  const inPath = pathStyle || !/^[a-z0-9-]+$/.test(bucket)
  const host = inPath ? url.host : `${bucket}.${url.host}`
  const root = inPath ? `/${bucket}` : ''
  return {
    origin: `${url.protocol}//${host}`,
    host,
    region,
    path: (key) => (key === undefined ? root || '/' : `${root}/${percentEncodePath(key)}`),
  }
}
