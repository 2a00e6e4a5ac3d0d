import { formatIp, networkOf, parseIp, type IpAddress } from '../../../primitives/ip-address.ts'

/** What the server says of the connection: of Deno, Bun, Node or a host of one's own. */
export type ConnectionInfo =
  | string
  /** Deno: the second argument of a handler. */
  | { readonly remoteAddr: { readonly hostname?: string } }
  /** Node: a socket, `request.socket`. */
  | { readonly remoteAddress?: string | undefined }
  /** Bun: what `server.requestIP(request)` answers. */
  | { readonly address: string }

/** Where a client's address is read. Nothing that a client can write is believed by itself. */
export type ClientAddressSource =
  /** `cf-connecting-ip` on Cloudflare Workers; elsewhere the connection. */
  | 'platform'
  /**
   * Behind proxies of one's own, each of which adds the address it was called from: that many
   * entries are trusted, counted from the right, of `x-forwarded-for` (default) or `forwarded`.
   */
  | { readonly trustedHops: number; readonly header?: 'x-forwarded-for' | 'forwarded' }
  /** A header that the host in front sets itself and never lets through, e.g. `fly-client-ip`. */
  | { readonly trustedHeader: string }
  /** One's own way. `null` where it cannot be told. */
  | ((request: Request, connection: ConnectionInfo | undefined) => string | null)

/** Entries of a forwarded chain that are looked at, from the right. */
const MAX_HOPS = 16

/** @throws TypeError or RangeError when the source is malformed */
export function checkAddressSource(action: string, source: ClientAddressSource): void {
  if (source === 'platform' || typeof source === 'function') return
  if (typeof source === 'object' && source !== null) {
    if ('trustedHops' in source) {
      const { trustedHops, header = 'x-forwarded-for' } = source
      const isHeader = header === 'x-forwarded-for' || header === 'forwarded'
      if (isHeader && Number.isInteger(trustedHops) && trustedHops >= 1 && trustedHops <= MAX_HOPS)
        return
      throw new RangeError(
        `Cannot ${action}: clientAddress is malformed, trustedHops of 1 to ${MAX_HOPS} and the header x-forwarded-for or forwarded expected`,
      )
    }
    if (typeof source.trustedHeader === 'string' && /^[\w-]{1,64}$/.test(source.trustedHeader))
      return
  }
  throw new TypeError(
    `Cannot ${action}: clientAddress is not known, platform, { trustedHops }, { trustedHeader } or a function expected`,
  )
}

/**
 * The address of the client that sent a request.
 *
 * @returns `null` where it cannot be told: nothing that is no address is ever used in its place
 * @throws TypeError when the server's word is needed and was not given
 *
 * @example
 * const ip = clientAddress(request, undefined, { trustedHops: 1 }) ?? 'unknown'
 */
export function clientAddress(
  request: Request,
  connection?: ConnectionInfo,
  source: ClientAddressSource = 'platform',
): string | null {
  const ip = readClientIp(request, connection, source)
  return ip === null ? null : formatIp(ip)
}

/** See {@link clientAddress}. */
export function readClientIp(
  request: Request,
  connection: ConnectionInfo | undefined,
  source: ClientAddressSource,
): IpAddress | null {
  if (typeof source === 'function') return addressIn(source(request, connection))
  if (source === 'platform')
    return isWorker()
      ? addressIn(request.headers.get('cf-connecting-ip'))
      : addressIn(addressOf(connection))
  if ('trustedHeader' in source) return addressIn(request.headers.get(source.trustedHeader))
  const { trustedHops, header = 'x-forwarded-for' } = source
  const entries = (request.headers.get(header) ?? '').split(',')
  const entry = entries.at(-trustedHops)
  if (entry === undefined) return null
  return addressIn(header === 'forwarded' ? forwardedFor(entry) : entry)
}

/**
 * The key of an address: an IPv4 address whole, an IPv6 address by the network that one subscriber
 * has.
 *
 * @param ipv6Prefix Bits that make one client, 32 to 128
 */
export function addressKey(ip: IpAddress, ipv6Prefix: number): string {
  return ip.version === 4 ? `ip:${formatIp(ip)}` : networkKey(ip, ipv6Prefix)
}

/** The key of the network that an address lies in. */
export function networkKey(ip: IpAddress, prefix: number): string {
  return `ip:${formatIp(networkOf(ip, prefix))}/${prefix}`
}

function isWorker(): boolean {
  const host: { readonly navigator?: { readonly userAgent?: string } } = globalThis
  return host.navigator?.userAgent === 'Cloudflare-Workers'
}

function addressOf(connection: ConnectionInfo | undefined): string | null {
  if (typeof connection === 'string') return connection
  if (typeof connection === 'object' && connection !== null) {
    if ('remoteAddr' in connection) return connection.remoteAddr?.hostname ?? null
    if ('address' in connection) return connection.address
    return connection.remoteAddress ?? null
  }
  throw new TypeError(
    'Cannot tell client address: the connection was not given, the server’s word on it or a clientAddress of the guard expected',
  )
}

/** Reads an address with what proxies put around it: brackets, a port, quotes. */
function addressIn(text: string | null): IpAddress | null {
  if (typeof text !== 'string' || text.length > 200) return null
  const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '')
  const bracketed = /^\[([^[\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1]
  if (bracketed !== undefined) return bracketed.includes(':') ? parseIp(bracketed) : null
  const dotted = /^([\d.]+):\d{1,5}$/.exec(trimmed)?.[1]
  return parseIp(dotted ?? trimmed)
}

/** `for` of one element of `Forwarded` (RFC 7239), which is quoted where it has a colon. */
function forwardedFor(element: string): string | null {
  const values = element
    .split(';')
    .flatMap((pair) => /^[ \t]*for=(?:"([^"\\]*)"|([^\s";,]+))[ \t]*$/i.exec(pair)?.slice(1) ?? [])
    .filter((value) => value !== undefined)
  return values.length === 1 ? (values[0] ?? null) : null
}
