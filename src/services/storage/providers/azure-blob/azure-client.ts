import { encodeBase64 } from '../../../../primitives/base64.ts'
import { createHmacSha256 } from '../../../../primitives/hmac-sha256.ts'
import { percentEncode, percentEncodePath } from '../../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { HttpClient } from '../../http/http-client.ts'
import { azureError } from './azure-errors.ts'

/** The version of the interface that is spoken. */
export const AZURE_VERSION = '2023-11-03'

/** Who asks: an account's key, a shared access signature, or a token of Entra ID. */
export type AzureIdentity =
  | { readonly key: Uint8Array<ArrayBuffer> }
  | { readonly sas: string }
  | { readonly token: () => Promise<string> }

/** A request to a container or a blob in it. */
export interface AzureRequest {
  readonly method: string
  /** Default: the container itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: Uint8Array<ArrayBuffer>
}

/** Sends authorized requests to one container, each once. */
export interface AzureClient {
  /** @returns The answer, whatever it is */
  send(request: AzureRequest, signal: AbortSignal): Promise<Response>
  /** @returns A success's headers and its whole body. @throws StorageError */
  ask(
    request: AzureRequest,
    signal: AbortSignal,
  ): Promise<{ readonly headers: Headers; readonly text: string }>
  /** @throws What an answer that is no success means */
  refuse(response: Response): Promise<never>
  /** The URL of a blob, without any authorization. */
  urlOf(key: string, container?: string): string
}

/** What {@link createAzureClient} works with. */
export interface AzureClientOptions {
  readonly account: string
  readonly endpoint: URL
  readonly container: string
  readonly identity: AzureIdentity
  readonly http: HttpClient
  readonly clock: Pick<Clock, 'now'>
}

export function createAzureClient(options: AzureClientOptions): AzureClient {
  const { account, endpoint, container, identity, http, clock } = options
  const root = endpoint.pathname === '/' ? '' : endpoint.pathname.replace(/\/$/, '')
  const sign = 'key' in identity ? createHmacSha256(identity.key) : null

  function pathOf(key: string | undefined, name = container): string {
    return `${root}/${name}${key === undefined ? '' : `/${percentEncodePath(key)}`}`
  }

  async function send(request: AzureRequest, signal: AbortSignal): Promise<Response> {
    const { method, key, query = {}, body } = request
    const path = pathOf(key)
    const headers: Record<string, string> = {
      'x-ms-date': new Date(clock.now()).toUTCString(),
      'x-ms-version': AZURE_VERSION,
    }
    for (const [name, value] of Object.entries(request.headers ?? {}))
      if (value !== undefined) headers[name] = value
    const pairs = Object.entries(query).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    )
    if (sign !== null) {
      const text = sharedKeyText(account, {
        method,
        path,
        pairs,
        headers,
        length: body?.length ?? 0,
      })
      headers['authorization'] = `SharedKey ${account}:${encodeBase64(sign(encodeUtf8(text)))}`
    } else if ('token' in identity) headers['authorization'] = `Bearer ${await identity.token()}`
    const written = pairs.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    if ('sas' in identity) written.push(identity.sas)
    const search = written.length === 0 ? '' : `?${written.join('&')}`
    return http.send({ method, url: `${endpoint.origin}${path}${search}`, headers, body }, signal)
  }

  async function refuse(response: Response): Promise<never> {
    await response.body?.cancel()
    throw azureError(response, clock.now())
  }

  return {
    send,
    refuse,
    urlOf: (key, name) => `${endpoint.origin}${pathOf(key, name)}`,
    async ask(request, signal) {
      const response = await send(request, signal)
      if (!response.ok) return refuse(response)
      return { headers: response.headers, text: await http.read(response, signal) }
    },
  }
}

/**
 * What is signed with an account's key, see
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key.
 */
function sharedKeyText(
  account: string,
  request: {
    readonly method: string
    readonly path: string
    readonly pairs: readonly (readonly [string, string])[]
    readonly headers: Readonly<Record<string, string>>
    readonly length: number
  },
): string {
  const { method, path, pairs, headers, length } = request
  const of = (name: string): string => headers[name] ?? ''
  const own = Object.keys(headers)
    .filter((name) => name.startsWith('x-ms-'))
    .toSorted()
    .map((name) => `${name}:${of(name).trim().replace(/\s+/g, ' ')}`)
  const parameters = pairs.map(([name, value]) => `${name.toLowerCase()}:${value}`).toSorted()
  return [
    method,
    of('content-encoding'),
    of('content-language'),
    length === 0 ? '' : String(length),
    of('content-md5'),
    of('content-type'),
    '',
    of('if-modified-since'),
    of('if-match'),
    of('if-none-match'),
    of('if-unmodified-since'),
    of('range'),
    ...own,
    [`/${account}${path}`, ...parameters].join('\n'),
  ].join('\n')
}
