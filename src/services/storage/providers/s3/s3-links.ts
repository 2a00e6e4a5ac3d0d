import { encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { BlobDriver, DriverPresignPost } from '../../blobs/blob-driver.ts'
import { encodeMetadata } from '../../blobs/blob-properties.ts'
import type { PresignedPost } from '../../blobs/blob-store.ts'
import { ALGORITHM, amzDateOf, scopeOf } from '../../signing/sigv4.ts'
import { presignS3 } from './presign-s3.ts'
import type { S3Identity } from './s3-client.ts'
import { propertyHeaders } from './s3-objects.ts'
import type { S3Bucket } from './s3-endpoint.ts'

/** Requests and forms that others may send, signed for one bucket. */
export function createS3Links(
  bucket: S3Bucket,
  name: string,
  identity: () => Promise<S3Identity>,
): Required<Pick<BlobDriver, 'presign' | 'presignPost' | 'presignPart'>> {
  return {
    async presign(key, options) {
      const { method, signedAt, expiresInMs, contentLength, ifNoneMatch, metadata } = options
      const { contentType, contentDisposition, cacheControl, versionId } = options
      const { credentials, signer } = await identity()
      const writes = method === 'PUT'
      const { 'content-type': _, ...metadataHeaders } = propertyHeaders({
        contentType: '',
        ...(metadata && { metadata }),
      })
      const headers: Record<string, string> = writes
        ? defined({
            'content-type': contentType,
            'content-disposition': contentDisposition,
            'cache-control': cacheControl,
            'if-none-match': ifNoneMatch,
            ...metadataHeaders,
          })
        : {}
      const query = defined({
        versionId,
        ...(!writes && {
          'response-content-type': contentType,
          'response-content-disposition': contentDisposition,
          'response-cache-control': cacheControl,
        }),
      })
      const length: Record<string, string> =
        contentLength === undefined ? {} : { 'content-length': String(contentLength) }
      const signed = { method, signedAt, expiresInMs, headers: { ...headers, ...length }, query }
      // Whoever sends the body sets its length; it is signed, but no header to be set by hand.
      return { ...presignS3(bucket, credentials, signer, key, signed), headers }
    },
    async presignPart({ key, id: uploadId }, { number, bytes, signedAt, expiresInMs }) {
      const { credentials, signer } = await identity()
      const headers = { 'content-length': String(bytes) }
      const query = { partNumber: String(number), uploadId }
      const asked = { method: 'PUT', signedAt, expiresInMs, headers, query } as const
      // Whoever sends the part sets its length; it is signed, but no header to be set by hand.
      return { ...presignS3(bucket, credentials, signer, key, asked), headers: {} }
    },
    async presignPost(key, options) {
      return postForm(bucket, name, key, options, await identity())
    },
  }
}

function postForm(
  { origin, region, path }: S3Bucket,
  bucket: string,
  key: string,
  options: DriverPresignPost,
  { credentials, signer }: S3Identity,
): PresignedPost {
  const { signedAt, expiresInMs, minBytes, maxBytes, contentType, metadata = {} } = options
  const scope = { amzDate: amzDateOf(signedAt), region, service: 's3' }
  const expiresAt = Math.floor((signedAt + expiresInMs) / 1000) * 1000
  const { accessKeyId, sessionToken } = credentials
  const begins = contentType?.endsWith('/') === true
  const fields: Record<string, string> = {
    key,
    ...(contentType !== undefined && !begins && { 'Content-Type': contentType }),
    ...Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [
        `x-amz-meta-${name}`,
        encodeMetadata(value),
      ]),
    ),
    'x-amz-algorithm': ALGORITHM,
    'x-amz-credential': `${accessKeyId}/${scopeOf(scope)}`,
    'x-amz-date': scope.amzDate,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const conditions = [
    { bucket },
    ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
    ...(begins ? [['starts-with', '$Content-Type', contentType]] : []),
    ['content-length-range', minBytes, maxBytes],
  ]
  const policy = encodeBase64(
    encodeUtf8(JSON.stringify({ expiration: new Date(expiresAt).toISOString(), conditions })),
  )
  return {
    method: 'POST',
    url: `${origin}${path()}`,
    fields: { ...fields, policy, 'x-amz-signature': signer(policy, scope) },
    expiresAt,
    maxBytes,
  }
}

function defined(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}
