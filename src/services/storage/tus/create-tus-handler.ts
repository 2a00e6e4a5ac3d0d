import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { StorageError } from '../storage-error.ts'
import { APPEND_CHECKSUMS } from '../uploads/checked-body.ts'
import type {
  CreateSessionOptions,
  UploadSession,
  UploadSessions,
} from '../uploads/upload-session.ts'
import { concatenated } from './concatenated.ts'
import {
  isRefusal,
  readChecksum,
  readConcat,
  readMetadata,
  readNumber,
  TUS_EXTENSIONS,
  TUS_VERSION,
  type TusRefusal,
} from './tus-headers.ts'

/** Options of {@link createTusHandler}. */
export interface TusHandlerOptions {
  /** What `createUploadSessions` made. */
  readonly uploads: UploadSessions
  /** Where the handler is reached, as `/files`. */
  readonly path: string
  /**
   * Asked before an upload begins: where it goes, or a Response that refuses it. A client's file
   * name must not become a key as it is.
   */
  readonly begin: (
    request: Request,
    upload: TusUpload,
  ) => TusTarget | Response | Promise<TusTarget | Response>
  /**
   * Asked before anybody sees, goes on with or ends an upload. Default: whoever has its address
   * may, which holds 128 random bits.
   */
  readonly allow?: (request: Request, session: UploadSession) => boolean | Promise<boolean>
  /**
   * Hears that an upload is complete, before the client does: should it throw, the client asks
   * again, and it is told again. It may be told twice.
   */
  readonly onComplete?: (session: UploadSession, request: Request) => void | Promise<void>
  /** Begins the keys of parts that are to be concatenated. Default `.uploads/partial/`. */
  readonly partialPrefix?: string
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/** What a client says of an upload that it wants to begin. */
export interface TusUpload {
  /** Bytes in all; `null` where the client does not know yet. */
  readonly size: number | null
  /** `Upload-Metadata`, decoded; by custom `filename` and `filetype`. Nothing to be trusted. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Where an upload goes. */
export type TusTarget = Omit<CreateSessionOptions, 'size' | 'note' | 'temporary' | 'signal'>

/** What is kept with a session. */
interface TusNote {
  /** `Upload-Metadata` as it came. */
  readonly metadata: string | null
  /** `Upload-Concat` as it came. */
  readonly concat: string | null
}

const OFFSET_TYPE = 'application/offset+octet-stream'

/**
 * Speaks tus 1.0 (https://tus.io/protocols/resumable-upload) on any store: core, creation,
 * creation-with-upload, creation-defer-length, expiration, checksum, termination and concatenation.
 *
 * Browsers of other origins need CORS: allow its request headers and expose `Location`,
 * `Upload-Offset`, `Upload-Length`, `Upload-Metadata`, `Upload-Expires` and `Tus-*`.
 *
 * @example
 * const handleUpload = createTusHandler({
 *   uploads,
 *   path: '/files',
 *   begin: (request, { metadata }) => ({ key: `users/42/${crypto.randomUUID()}` }),
 * })
 * app.all('/files/*', (c) => handleUpload(c.req.raw))
 *
 * @returns Answers a request; it rejects only with what `begin`, `allow` and `onComplete` throw
 * @throws TypeError when an option is missing or unknown
 */
export function createTusHandler(
  options: TusHandlerOptions,
): (request: Request) => Promise<Response> {
  const action = 'create tus handler'
  const more = ['allow', 'onComplete', 'partialPrefix', 'random'] as const
  checkOptions(action, options, ['uploads', 'path', 'begin'], more)
  checkParts(action, 'uploads', options.uploads, ['create', 'append', 'store'])
  const { uploads, begin, allow, onComplete, random = systemRandom } = options
  const { partialPrefix = '.uploads/partial/' } = options
  if (!/^(?:\/[\w.~-]+)*\/?$/.test(options.path))
    throw new TypeError(`Cannot ${action}: path is no path such as /files`)
  const path = options.path.replace(/\/$/, '')

  function answer(status: number, headers: HeadersInit = {}, text: string | null = null): Response {
    const all = new Headers(headers)
    all.set('tus-resumable', TUS_VERSION)
    all.set('x-content-type-options', 'nosniff')
    if (text !== null) all.set('content-type', 'text/plain; charset=utf-8')
    return new Response(text, { status, headers: all })
  }

  const refuse = ({ refused, why }: TusRefusal): Response => answer(refused, {}, why)

  function headersOf({ offset, expiresAt, state }: UploadSession): Record<string, string> {
    const expires = { 'upload-expires': new Date(expiresAt).toUTCString() }
    return { 'upload-offset': String(offset), ...(state === 'open' && expires) }
  }

  async function created(request: Request, url: URL): Promise<Response> {
    const { headers } = request
    const concat = readConcat(headers.get('upload-concat'), path, url.href)
    if (isRefusal(concat)) return refuse(concat)
    const size = readNumber(headers, 'upload-length')
    if (isRefusal(size)) return refuse(size)
    const text = headers.get('upload-metadata')
    const metadata = readMetadata(text)
    if (isRefusal(metadata)) return refuse(metadata)
    const defer = headers.get('upload-defer-length')
    const final = concat !== null && 'parts' in concat ? concat.parts : null
    const said = [size !== null, defer !== null, final !== null].filter(Boolean).length
    if (said !== 1 || (defer ?? '1') !== '1')
      return answer(400, {}, 'Either Upload-Length or Upload-Defer-Length: 1 is expected')
    const parts = final === null ? null : await partsOf(request, final)
    if (parts instanceof Response) return parts
    const total = parts === null ? size : parts.reduce((sum, part) => sum + part.offset, 0)
    if ((total ?? 0) > uploads.maxBytes)
      return answer(413, {}, `At most ${uploads.maxBytes} bytes are taken`)
    const withBody = headers.get('content-type') === OFFSET_TYPE && parts === null
    const target = await begin(request, { size: total, metadata })
    if (target instanceof Response) return target
    const partial = concat !== null && parts === null
    const note: TusNote = { metadata: text, concat: headers.get('upload-concat') }
    const session = await uploads.create({
      ...target,
      ...(partial && { key: `${partialPrefix}${encodeBase64Url(random.bytes(16))}` }),
      ...(total !== null && { size: total }),
      temporary: partial,
      note: { ...note },
    })
    const location = { location: `${path}/${session.id}` }
    if (parts !== null) return joined(request, session, parts, location)
    // Nothing follows the last byte of nothing.
    if (!withBody && total !== 0) return answer(201, { ...location, ...headersOf(session) })
    const body = withBody ? request.body : null
    try {
      const next = await stored(request, session, body ?? new Uint8Array())
      return answer(201, { ...location, ...headersOf(next) })
    } catch (error) {
      // It is begun, so the client is to know where: it asks there how far it is.
      if (!(error instanceof StorageError && error.code !== 'too_large')) throw error
      const now = (await uploads.get(session.id)) ?? session
      return answer(201, { ...location, ...headersOf(now) })
    }
  }

  /** Appends, and tells who wants to know when that was all. */
  async function stored(
    request: Request,
    { id, offset }: UploadSession,
    body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
    size: number | null = null,
  ): Promise<UploadSession> {
    const checksum = readChecksum(request.headers.get('upload-checksum'))
    if (isRefusal(checksum)) throw new StorageError('checksum_mismatch', checksum.why)
    const session = await uploads.append(id, {
      offset,
      body,
      ...(size !== null && { size }),
      ...(checksum !== null && { checksum }),
    })
    if (session.state === 'completed') await completed(session, request)
    return session
  }

  async function completed(session: UploadSession, request: Request): Promise<void> {
    if (noteOf(session).concat !== 'partial') await onComplete?.(session, request)
  }

  async function partsOf(
    request: Request,
    ids: readonly string[],
  ): Promise<readonly UploadSession[] | Response> {
    const parts: UploadSession[] = []
    for (const id of ids) {
      const part = await uploads.get(id)
      if (part === null || (allow !== undefined && !(await allow(request, part))))
        return answer(400, {}, 'A part is not here')
      if (noteOf(part).concat !== 'partial') return answer(400, {}, 'A part is no partial upload')
      if (part.state !== 'completed') return answer(409, {}, 'A part is not complete')
      parts.push(part)
    }
    return parts
  }

  async function joined(
    request: Request,
    session: UploadSession,
    parts: readonly UploadSession[],
    location: Record<string, string>,
  ): Promise<Response> {
    const body = concatenated(uploads.store, parts)
    const next = await uploads
      .append(session.id, { offset: 0, body })
      .catch(async (error: unknown) => {
        await uploads.abort(session.id).catch(() => undefined)
        throw error
      })
    await completed(next, request)
    // What stays expires.
    for (const { id } of parts) await uploads.abort(id).catch(() => undefined)
    return answer(201, { ...location, ...headersOf(next) })
  }

  async function looked(request: Request, found: UploadSession): Promise<Response> {
    // A process may have died between the last byte and the object, or before telling of it.
    const session =
      found.state === 'open' && found.size === found.offset
        ? await uploads.complete(found.id)
        : found
    if (session.state === 'completed') await completed(session, request)
    const { size } = session
    const { metadata, concat } = noteOf(session)
    return answer(200, {
      ...headersOf(session),
      ...(size === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(size) }),
      ...(metadata !== null && { 'upload-metadata': metadata }),
      ...(concat !== null && { 'upload-concat': concat }),
      'cache-control': 'no-store',
    })
  }

  async function patched(request: Request, session: UploadSession): Promise<Response> {
    const { headers } = request
    if (headers.get('content-type') !== OFFSET_TYPE)
      return answer(415, {}, `Content-Type ${OFFSET_TYPE} is expected`)
    const offset = readNumber(headers, 'upload-offset')
    const size = readNumber(headers, 'upload-length')
    const checksum = readChecksum(headers.get('upload-checksum'))
    for (const value of [offset, size, checksum]) if (isRefusal(value)) return refuse(value)
    if (offset === null) return answer(400, {}, 'Upload-Offset is expected')
    if (noteOf(session).concat?.startsWith('final') === true)
      return answer(403, {}, 'A final upload takes no bytes')
    // Checked above.
    const at = { ...session, offset: offset as number }
    const next = await stored(request, at, request.body ?? new Uint8Array(), size as number | null)
    return answer(204, headersOf(next))
  }

  async function ended(session: UploadSession): Promise<Response> {
    if (session.state === 'completed' && noteOf(session).concat !== 'partial')
      return answer(403, {}, 'The upload is complete')
    await uploads.abort(session.id)
    return answer(204)
  }

  async function handle(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const override = request.headers.get('x-http-method-override')
    const method = request.method === 'POST' && override !== null ? override : request.method
    const below = url.pathname.startsWith(path) ? url.pathname.slice(path.length) : null
    if (below === null || !/^(?:\/?|\/[^/]+)$/.test(below)) return answer(404, {}, 'Not found')
    if (method === 'OPTIONS')
      return answer(204, {
        'tus-version': TUS_VERSION,
        'tus-extension': TUS_EXTENSIONS,
        'tus-checksum-algorithm': APPEND_CHECKSUMS.join(','),
        'tus-max-size': String(uploads.maxBytes),
      })
    if (request.headers.get('tus-resumable') !== TUS_VERSION)
      return answer(412, { 'tus-version': TUS_VERSION }, `Tus-Resumable ${TUS_VERSION} is expected`)
    const id = below.slice(1)
    const allowed = id === '' ? ['POST'] : ['HEAD', 'PATCH', 'DELETE']
    if (!allowed.includes(method))
      return answer(405, { allow: ['OPTIONS', ...allowed].join(', ') }, 'Method not allowed')
    if (id === '') return created(request, url)
    const session = await uploads.get(id)
    if (session === null) return answer(404, { 'cache-control': 'no-store' }, 'Not found')
    if (allow !== undefined && !(await allow(request, session)))
      return answer(403, { 'cache-control': 'no-store' }, 'Forbidden')
    if (method === 'HEAD') return looked(request, session)
    return method === 'PATCH' ? patched(request, session) : ended(session)
  }

  return async (request) => {
    try {
      return await handle(request)
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error
      // tus has a status of its own for this.
      const status = error.code === 'checksum_mismatch' ? 460 : error.status
      const retry: Record<string, string> = status >= 500 ? { 'retry-after': '1' } : {}
      return answer(status, retry, error.message)
    }
  }
}

function noteOf({ note }: UploadSession): TusNote {
  const known: unknown = note
  // What else begins sessions may keep other notes.
  return typeof known === 'object' && known !== null && 'concat' in known
    ? (known as TusNote)
    : { metadata: null, concat: null }
}
