import { nodeModule, type NodeSocket } from './node-modules.ts'

/** A TCP connection as two streams, as `connect()` of `cloudflare:sockets` makes it. */
export interface SocketConnection {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Begins TLS on the same connection, once nothing holds its streams. */
  startTls(options?: { readonly expectedServerHostname?: string }): SocketConnection
  close(): Promise<void>
}

/** How {@link connectSocket} connects. */
export interface ConnectSocketOptions {
  /** `on` for TLS from the start, `starttls` for TLS later. Default `off`. */
  readonly secureTransport?: 'on' | 'off' | 'starttls'
  /**
   * Certificates of authorities in PEM, in place of the well-known ones. For servers of one's own.
   */
  readonly ca?: string
}

/**
 * Opens a TCP connection on Node, Deno or Bun, in the form that Workers have it.
 *
 * @example
 * smtp({ host: 'mail.example.com', user, password, connect: connectSocket })
 *
 * @throws BackendError where Node's modules are absent
 */
export function connectSocket(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  { secureTransport = 'off', ca }: ConnectSocketOptions = {},
): SocketConnection {
  const trust = ca === undefined ? {} : { ca }
  const isAddress = nodeModule('net').isIP(hostname) !== 0
  // An address is no name that a certificate could be asked for (RFC 6066 §3).
  const named = isAddress ? {} : { servername: hostname }
  const socket =
    secureTransport === 'on'
      ? nodeModule('tls').connect({ host: hostname, port, ...named, ...trust })
      : nodeModule('net').connect({ host: hostname, port })
  return connectionOf(socket, hostname, trust)
}

function connectionOf(
  socket: NodeSocket,
  hostname: string,
  trust: { readonly ca?: string },
): SocketConnection {
  let upgraded = false
  const onData = (chunk: Uint8Array): void => {
    input.enqueue(new Uint8Array(chunk))
    if ((input.desiredSize ?? 0) <= 0) socket.pause()
  }
  let input: ReadableStreamDefaultController<Uint8Array>
  let ended = false
  const end = (error?: unknown): void => {
    if (ended || upgraded) return
    ended = true
    if (error === undefined) input.close()
    else input.error(error)
  }
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      input = controller
      socket.on('data', onData)
      socket.on('end', () => end())
      socket.on('error', end)
      socket.on('close', () => end(new TypeError('The connection was closed')))
    },
    pull: () => socket.resume(),
    cancel: () => socket.destroy(),
  })
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(chunk, (error) => (error == null ? resolve() : reject(error)))
      }),
    close: () => socket.end(),
    abort: () => socket.destroy(),
  })
  return {
    readable,
    writable,
    startTls({ expectedServerHostname = hostname } = {}) {
      upgraded = true
      socket.removeListener('data', onData)
      socket.resume()
      const isAddress = nodeModule('net').isIP(expectedServerHostname) !== 0
      const secured = nodeModule('tls').connect({
        socket,
        host: expectedServerHostname,
        ...(!isAddress && { servername: expectedServerHostname }),
        ...trust,
      })
      return connectionOf(secured, expectedServerHostname, trust)
    },
    async close() {
      socket.destroy()
    },
  }
}
