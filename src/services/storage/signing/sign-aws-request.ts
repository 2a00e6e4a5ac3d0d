import { encodeHex } from '../../../primitives/hex.ts'
import { percentEncodePath } from '../../../primitives/percent.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import {
  ALGORITHM,
  amzDateOf,
  createAwsSigner,
  queryOf,
  scopeOf,
  signedHeadersOf,
  type CanonicalRequest,
  type S3Credentials,
} from './sigv4.ts'

/** A request to a service of AWS, as it is sent but for the signature. */
export interface AwsRequest {
  readonly method: string
  /** Not encoded. */
  readonly path: string
  /** Not encoded; names may stand there twice. */
  readonly query?: readonly (readonly [string, string])[]
  /** `host` is among them. All are signed, so all must be sent. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** For whom a request is signed. */
export interface AwsSigning {
  readonly credentials: S3Credentials
  readonly region: string
  readonly service: string
  /** ms since 1970. */
  readonly now: number
  /**
   * Whether dot segments and doubled slashes are resolved, as all services but S3 do. Default true.
   */
  readonly normalize?: boolean
  /** Whether the body's hash is sent along. Default false. */
  readonly sendHash?: boolean
}

/** @returns What is signed, and the headers to send */
export function signAwsRequest(
  { method, path, query = [], headers, body = '' }: AwsRequest,
  { credentials, region, service, now, normalize = true, sendHash = false }: AwsSigning,
): { readonly canonical: CanonicalRequest; readonly headers: Readonly<Record<string, string>> } {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const scope = { amzDate: amzDateOf(now), region, service }
  const payload = encodeHex(sha256(encodeUtf8(body)))
  const signed = {
    ...headers,
    'x-amz-date': scope.amzDate,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    ...(sendHash && { 'x-amz-content-sha256': payload }),
  }
  const canonical: CanonicalRequest = {
    method,
    path: percentEncodePath(normalize ? normalized(path) : path),
    query: queryOf(query),
    headers: signed,
    payload,
  }
  const signature = createAwsSigner(secretAccessKey)(canonical, scope)
  const authorization =
    `${ALGORITHM} Credential=${accessKeyId}/${scopeOf(scope)}, ` +
    `SignedHeaders=${signedHeadersOf(signed)}, Signature=${signature}`
  return { canonical, headers: { ...signed, authorization } }
}

function normalized(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const end = path.endsWith('/') && kept.length > 0 ? '/' : ''
  return `/${kept.join('/')}${end}`
}
