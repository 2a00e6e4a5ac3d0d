import { encodeHex } from '../../../../primitives/hex.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { HttpClient } from '../../http/http-client.ts'
import { xmlValue } from '../../http/read-xml.ts'
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
import { StorageError } from '../../storage-error.ts'
import type { S3Bucket } from './s3-endpoint.ts'
import { s3Error } from './s3-errors.ts'

/** Key pairs as they are now, with what signs for each. */
export interface S3Identity {
  readonly credentials: S3Credentials
  readonly signer: AwsSigner
}

/** A request to a bucket or an object in it. */
export interface S3Request {
  readonly method: string
  readonly key?: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: Uint8Array<ArrayBuffer>
}

/** Sends signed requests, each once. */
export interface S3Client {
  /** @returns The answer, whatever it is */
  send(request: S3Request, signal: AbortSignal): Promise<Response>
  /**
   * @returns A success's headers and its whole body.
   * @throws StorageError, also for an error told with 200
   */
  ask(
    request: S3Request,
    signal: AbortSignal,
  ): Promise<{ readonly headers: Headers; readonly text: string }>
  /** @throws What an answer that is no success means */
  refuse(response: Response, signal: AbortSignal): Promise<never>
}

/** What {@link createS3Client} works with. */
export interface S3ClientOptions {
  readonly bucket: S3Bucket
  readonly identity: () => Promise<S3Identity>
  readonly http: HttpClient
  readonly clock: Pick<Clock, 'now'>
  readonly signPayload: boolean
}

export function createS3Client(options: S3ClientOptions): S3Client {
  const { bucket, identity, http, clock, signPayload } = options
  const { origin, host, region } = bucket
  /** How far the store's clock is ahead of ours, once it has complained. */
  let skewMs = 0

  async function send(request: S3Request, signal: AbortSignal): Promise<Response> {
    const { method, key, query = {}, headers = {}, body } = request
    const { credentials, signer } = await identity()
    const { accessKeyId, sessionToken } = credentials
    const scope = { amzDate: amzDateOf(clock.now() + skewMs), region, service: 's3' }
    const payload = signPayload ? await hashOf(body) : UNSIGNED_PAYLOAD
    const sent: Record<string, string> = {
      'x-amz-content-sha256': payload,
      'x-amz-date': scope.amzDate,
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    }
    const unsigned: Record<string, string> = {}
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue
      // What proxies may change, or add to, is not signed.
      const target = /^(?:x-amz-|content-)/.test(name) ? sent : unsigned
      target[name] = value
    }
    const path = bucket.path(key)
    const text = queryOf(Object.entries(query))
    const signed = { ...sent, host }
    const signature = signer({ method, path, query: text, headers: signed, payload }, scope)
    const authorization =
      `${ALGORITHM} Credential=${accessKeyId}/${scopeOf(scope)}, ` +
      `SignedHeaders=${signedHeadersOf(signed)}, Signature=${signature}`
    const url = `${origin}${path}${text === '' ? '' : `?${text}`}`
    return http.send(
      { method, url, headers: { ...sent, ...unsigned, authorization }, body },
      signal,
    )
  }

  async function refuse(response: Response, signal: AbortSignal): Promise<never> {
    const text = await http.read(response, signal)
    const date = Date.parse(response.headers.get('date') ?? '')
    if (
      xmlValue(text, 'Code') === 'RequestTimeTooSkewed' &&
      Math.abs(date - clock.now() - skewMs) > 1000
    ) {
      skewMs = date - clock.now()
      throw new StorageError('throttled', 'Cannot use S3 store: its clock differs from ours')
    }
    throw s3Error(response, text, clock.now())
  }

  return {
    send,
    refuse,
    async ask(request, signal) {
      const response = await send(request, signal)
      if (!response.ok) return refuse(response, signal)
      const text = await http.read(response, signal)
      // Copies and completions begin to answer before they know how it ends.
      if (/^\s*(?:<\?xml.*?>\s*)?<Error[\s>]/.test(text)) throw s3Error(response, text, clock.now())
      return { headers: response.headers, text }
    },
  }
}

/** Makes a signer for each key pair, once. */
export function createIdentity(
  given: S3Credentials | (() => Promise<S3Credentials>),
): () => Promise<S3Identity> {
  let known: S3Identity | undefined
  return async () => {
    const credentials = typeof given === 'function' ? await given() : given
    if (known?.credentials.secretAccessKey !== credentials.secretAccessKey)
      known = { credentials, signer: createAwsSigner(credentials.secretAccessKey) }
    return { credentials, signer: known.signer }
  }
}

async function hashOf(body: Uint8Array<ArrayBuffer> = new Uint8Array()): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', body)))
}
