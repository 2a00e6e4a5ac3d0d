import { BackendError } from '../../ports/backend-error.ts'
import type { FoundAddress } from './found-address.ts'

/** What of Node's modules this room needs, by their names without `node:`. */
export interface NodeModules {
  readonly http: HttpModule
  readonly https: HttpModule
  readonly timers: { setImmediate(callback: () => void): unknown }
  readonly net: {
    isIP(text: string): number
    connect(options: { readonly host: string; readonly port: number }): NodeSocket
  }
  readonly tls: { connect(options: TlsOptions): NodeSocket }
  readonly http2: {
    connect(origin: string, options: { readonly ca?: string }): Http2Session
  }
  readonly dns: {
    lookup(
      hostname: string,
      options: { readonly all: true },
      callback: (error: Error | null, found: readonly FoundAddress[]) => void,
    ): void
  }
}

export interface TlsOptions {
  readonly host: string
  readonly port?: number
  /** A connection that is there already. */
  readonly socket?: NodeSocket
  readonly servername?: string
  readonly ca?: string
}

export interface NodeSocket {
  on(event: 'data', listener: (chunk: Uint8Array) => void): void
  on(event: 'error', listener: (error: unknown) => void): void
  on(event: 'end' | 'close', listener: () => void): void
  removeListener(event: 'data', listener: (chunk: Uint8Array) => void): void
  write(chunk: Uint8Array, done: (error?: Error | null) => void): void
  pause(): void
  resume(): void
  end(): void
  destroy(): void
}

export interface Http2Session {
  readonly closed: boolean
  readonly destroyed: boolean
  request(headers: Readonly<Record<string, string>>): Http2Stream
  on(event: 'close' | 'goaway' | 'error', listener: () => void): void
  setTimeout(ms: number, onTimeout: () => void): void
  ref(): void
  unref(): void
  close(): void
}

export interface Http2Stream {
  /** Why the stream ended; 0 for an orderly end. */
  readonly rstCode: number
  on(
    event: 'response',
    listener: (
      headers: Readonly<Record<string, string | readonly string[] | number | undefined>>,
    ) => void,
  ): void
  on(event: 'data', listener: (chunk: Uint8Array<ArrayBuffer>) => void): void
  on(event: 'error', listener: (error: unknown) => void): void
  on(event: 'close', listener: () => void): void
  end(body?: Uint8Array): void
  close(code: number): void
}

export interface HttpModule {
  readonly Agent: new (options: {
    readonly keepAlive: boolean
    readonly maxFreeSockets: number
    readonly timeout: number
  }) => object
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

export interface RequestOptions {
  readonly agent: object
  readonly method: string
  readonly hostname: string
  readonly port: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly lookup: LookupHook
}

/** What a connection asks for the addresses of its host: the first one, or `all`. */
export type LookupHook = (
  hostname: string,
  options: { readonly all?: boolean },
  callback: (
    error: Error | null,
    address?: string | readonly FoundAddress[],
    family?: number,
  ) => void,
) => void

export interface ClientRequest {
  on(event: 'error', listener: (error: unknown) => void): void
  once(event: 'drain' | 'close', listener: () => void): void
  write(chunk: Uint8Array): boolean
  end(chunk?: Uint8Array | string): void
  destroy(error?: Error): void
}

export interface IncomingMessage {
  readonly statusCode?: number
  readonly statusMessage?: string
  /** Names and values in turn, as they arrived. */
  readonly rawHeaders: readonly string[]
  on(event: 'data', listener: (chunk: Uint8Array<ArrayBuffer>) => void): void
  on(event: 'end' | 'close', listener: () => void): void
  on(event: 'error', listener: (error: unknown) => void): void
  pause(): void
  resume(): void
  destroy(): void
}

/** Whether this runtime has Node's modules. */
export function hasNodeModules(): boolean {
  return findModule('http') !== undefined
}

/**
 * A module of Node itself, without an import that a bundler for another runtime would stumble over,
 * and without the prefix by which it would look for one.
 *
 * @throws BackendError where there is none
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const found = findModule(name)
  if (found === undefined)
    throw new BackendError(
      'backend_unavailable',
      `Cannot load node:${name}: this runtime does not have it, Node 22.13 expected`,
    )
  // Such a module is what Node documents under that name.
  return found as NodeModules[Name]
}

function findModule(name: keyof NodeModules): unknown {
  const host = globalThis as {
    readonly process?: { getBuiltinModule?(wanted: string): unknown }
  }
  // oxlint-disable-next-line no-restricted-properties -- absence is handled, and there is no other synchronous way
  return host.process?.getBuiltinModule?.(name)
}
