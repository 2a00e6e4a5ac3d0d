import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { checkBlobKey } from '../blobs/blob-key.ts'
import { checkHeaderValue } from '../blobs/blob-properties.ts'
import type { BlobStore, PresignedRequest } from '../blobs/blob-store.ts'
import { isMediaType } from '../serving/media-type.ts'
import { checkSaving, serveBlob } from '../serving/serve-blob.ts'
import { StorageError } from '../storage-error.ts'
import { createSignedTokens } from './signed-tokens.ts'

/** Options of {@link createFileTickets}. */
export interface FileTicketsOptions {
  /** Any store, also those that presign nothing: R2 bindings, folders, memory. */
  readonly store: BlobStore
  /** Where `handle` is reached, as `https://files.example/t`. */
  readonly url: string
  /** At least 16 bytes each; the first signs, all are taken. */
  readonly secret: string | readonly string[]
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link FileTickets.sign}. */
export interface TicketOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'PUT'
  /** 1 second to 7 days. Default 15 minutes. */
  readonly expiresIn?: Duration
  /** As `PresignOptions.window`: all tickets of a window are the same. Default: none. */
  readonly window?: Duration
  /** `PUT`: the most bytes that are taken. It must be given. */
  readonly maxBytes?: number
  /** `PUT`: the exact type, or a beginning as in `image/`. Default: any. */
  readonly contentType?: string
  /** `PUT`: only where there is no object yet, so that the ticket is good for one. */
  readonly ifNoneMatch?: '*'
  /** `GET`: the name to save it under. */
  readonly filename?: string
  /** `GET`: `attachment` has browsers save it. Default: as `serveBlob`. */
  readonly disposition?: 'inline' | 'attachment'
}

/** Requests that others may make to our own route, until they expire. */
export interface FileTickets {
  /**
   * Signs a request, at once. @throws RangeError, TypeError; StorageError `invalid_key`
   */
  sign(key: string, options?: TicketOptions): PresignedRequest
  /**
   * Answers a request with a ticket: it serves the object, or stores the body in constant memory
   * and answers `{ key, size, etag }` with 201.
   */
  handle(request: Request): Promise<Response>
}

/** What a ticket says. */
interface Ticket extends Omit<TicketOptions, 'expiresIn' | 'window'> {
  readonly bucket: string
  readonly key: string
  readonly method: 'GET' | 'PUT'
  readonly expiresAt: number
}

const WEEK_MS = 604_800_000
const MEANT = {
  GET: ['filename', 'disposition'],
  PUT: ['contentType', 'ifNoneMatch'],
} as const

/**
 * Presigned requests for stores that have none, with limits that not even those know: the most
 * bytes, and the beginning of a type. The route is yours, and so is its CORS.
 *
 * @example
 * const url = 'https://files.example/t'
 * const tickets = createFileTickets({ store: r2(env.FILES).bucket(), url, secret: env.TICKETS })
 * const recipe = tickets.sign('users/42.png', { method: 'PUT', maxBytes: 5_000_000 })
 * app.all('/t/:ticket', (c) => tickets.handle(c.req.raw))
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function createFileTickets(options: FileTicketsOptions): FileTickets {
  checkOptions('create tickets', options, ['store', 'url', 'secret'], ['clock'])
  checkParts('create tickets', 'store', options.store, ['get', 'put'])
  const { store, secret, clock = { now: systemNow } } = options
  const base = String(options.url).replace(/\/$/, '')
  if (!URL.canParse(base)) throw new TypeError('Cannot create tickets: url is none')
  const tokens = createSignedTokens('reuse-ticket-1', secret)
  const { capabilities } = store

  function read(request: Request): Ticket {
    const { pathname } = new URL(request.url)
    // Only what was signed here can be read.
    const ticket = tokens.read(pathname.slice(pathname.lastIndexOf('/') + 1)) as Ticket
    if (ticket.bucket !== store.bucket)
      throw new StorageError('access_denied', 'Cannot use ticket: it is for another bucket')
    if (ticket.expiresAt > clock.now()) return ticket
    throw new StorageError('access_denied', 'Cannot use ticket: it has expired')
  }

  async function stored(request: Request, ticket: Ticket): Promise<Response> {
    const { key, maxBytes = 0, contentType, ifNoneMatch } = ticket
    const type = request.headers.get('content-type') ?? 'application/octet-stream'
    if (!isMediaType(type))
      return refuse(415, 'unsupported_type', 'Content-Type is expected to be one media type')
    if (contentType !== undefined && !fits(type, contentType))
      return refuse(415, 'unsupported_type', `Content-Type ${contentType} is expected`)
    const said = Number(request.headers.get('content-length') ?? NaN)
    if (said > maxBytes)
      throw new StorageError('too_large', `Cannot store: at most ${maxBytes} bytes are taken`)
    const { size, etag } = await store.put(key, request.body ?? new Uint8Array(), {
      contentType: type,
      maxBytes,
      signal: request.signal,
      ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    })
    return Response.json({ key, size, etag }, { status: 201 })
  }

  return {
    sign(key, given = {}) {
      const action = 'sign ticket'
      const { method = 'GET', expiresIn = '15m', window = 0, ...rest } = given
      if (method !== 'GET' && method !== 'PUT')
        throw new TypeError(`Cannot ${action}: the methods GET and PUT are known`)
      checkOptions(action, rest, method === 'PUT' ? ['maxBytes'] : [], MEANT[method])
      checkBlobKey(key, capabilities)
      checkSaving(action, rest)
      if (rest.maxBytes !== undefined)
        checkInteger(action, 'maxBytes', rest.maxBytes, 0, capabilities.maxBytes)
      if (rest.contentType !== undefined) checkHeaderValue('contentType', rest.contentType)
      if ((rest.ifNoneMatch ?? '*') !== '*')
        throw new TypeError(`Cannot ${action}: ifNoneMatch takes only '*'`)
      const lifeMs = checkDuration(action, 'expiresIn', expiresIn, 1000, WEEK_MS)
      const windowMs = checkDuration(action, 'window', window, 0, WEEK_MS - lifeMs)
      const step = Math.max(windowMs, 1000)
      const expiresAt = Math.floor(clock.now() / step) * step + lifeMs + windowMs
      const ticket: Ticket = { bucket: store.bucket, key, method, expiresAt, ...rest }
      const { contentType } = rest
      const exact = contentType !== undefined && !contentType.endsWith('/')
      return {
        method,
        url: `${base}/${tokens.sign(ticket)}`,
        headers: exact ? { 'content-type': contentType } : {},
        expiresAt,
      }
    },
    async handle(request) {
      try {
        const ticket = read(request)
        const { method } = request
        const allowed = ticket.method === 'GET' ? ['GET', 'HEAD'] : ['PUT']
        if (!allowed.includes(method))
          return refuse(405, 'method_not_allowed', 'Method not allowed', {
            allow: allowed.join(', '),
          })
        if (ticket.method === 'PUT') return await stored(request, ticket)
        const { filename, disposition } = ticket
        return await serveBlob(store, ticket.key, request, {
          ...(filename !== undefined && { filename }),
          ...(disposition !== undefined && { disposition }),
        })
      } catch (error) {
        if (error instanceof InfrastructureError)
          return refuse(error.status, String(error.code), error.message)
        throw error
      }
    },
  }
}

function fits(type: string, wanted: string): boolean {
  const given = type.toLowerCase()
  return wanted.endsWith('/')
    ? given.startsWith(wanted.toLowerCase())
    : given === wanted.toLowerCase()
}

/** @returns A refusal that a program can read */
export function refuse(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ code, message }, { status, headers })
}
