import { percentEncode } from '../../../../primitives/percent.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import { errorOptionsOf, type HttpClient } from '../../http/http-client.ts'
import { codeOfStatus } from '../../http/status-codes.ts'
import { StorageError } from '../../storage-error.ts'

/** A request to the JSON interface. */
export interface GcsRequest {
  readonly method: string
  /** Encoded, from the root on. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: Uint8Array<ArrayBuffer>
}

/** Sends requests with a token, each once. */
export interface GcsClient {
  /** @returns The answer, whatever it is */
  send(request: GcsRequest, signal: AbortSignal): Promise<Response>
  /** @returns A success's JSON. @throws StorageError */
  ask(request: GcsRequest, signal: AbortSignal): Promise<GcsResource>
  /** @throws What an answer that is no success means */
  refuse(response: Response, signal: AbortSignal): Promise<never>
  /** @returns A success's JSON. @throws StorageError */
  read(response: Response, signal: AbortSignal): Promise<GcsResource>
}

/** What of JSON answers is read; every member may be missing. */
export interface GcsResource {
  readonly name?: string
  readonly size?: string
  readonly generation?: string
  readonly updated?: string
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  readonly storageClass?: string
  readonly crc32c?: string
  readonly md5Hash?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly items?: readonly GcsResource[]
  readonly prefixes?: readonly string[]
  readonly nextPageToken?: string
  readonly done?: boolean
  readonly rewriteToken?: string
  readonly resource?: GcsResource
}

export function createGcsClient(options: {
  readonly origin: string
  readonly token: () => Promise<string>
  readonly http: HttpClient
  readonly clock: Pick<Clock, 'now'>
}): GcsClient {
  const { origin, token, http, clock } = options

  async function send(request: GcsRequest, signal: AbortSignal): Promise<Response> {
    const { method, path, query = {}, body } = request
    const headers: Record<string, string> = { authorization: `Bearer ${await token()}` }
    for (const [name, value] of Object.entries(request.headers ?? {}))
      if (value !== undefined) headers[name] = value
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${percentEncode(value)}`,
    )
    const mark = path.includes('?') ? '&' : '?'
    const search = pairs.length === 0 ? '' : `${mark}${pairs.join('&')}`
    return http.send({ method, url: `${origin}${path}${search}`, headers, body }, signal)
  }

  async function refuse(response: Response, signal: AbortSignal): Promise<never> {
    const text = await http.read(response, signal)
    const { status } = response
    // The one 400 that means something to us.
    const differs = status === 400 && /(?:crc32c|md5)/i.test(text)
    throw new StorageError(
      differs ? 'checksum_mismatch' : codeOfStatus(status),
      `Cannot use Google bucket: it answered status ${status}`,
      errorOptionsOf(response, clock.now(), 'x-guploader-uploadid'),
    )
  }

  async function read(response: Response, signal: AbortSignal): Promise<GcsResource> {
    return readResource(await http.read(response, signal))
  }

  return {
    send,
    read,
    refuse,
    async ask(request, signal) {
      const response = await send(request, signal)
      return response.ok ? read(response, signal) : refuse(response, signal)
    },
  }
}

/** @throws StorageError `failed` when it is no JSON object */
function readResource(text: string): GcsResource {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text)
    // Every member is looked at as one that may be missing.
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new StorageError('failed', 'Cannot use Google bucket: its answer is no JSON object', {
    mayHaveHappened: true,
  })
}
