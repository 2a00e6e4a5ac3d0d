import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { readJson } from '../../../primitives/read-json.ts'
import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import type { BlobInfo, BlobStore, StoredBlob } from '../blobs/blob-store.ts'
import type { BlobUpload, CreateUploadOptions, UploadedPart } from '../blobs/multipart-uploads.ts'
import { StorageError } from '../storage-error.ts'
import { refuse } from './file-tickets.ts'
import { createSignedTokens } from './signed-tokens.ts'

/** Options of {@link createDirectUploads}. */
export interface DirectUploadsOptions {
  readonly store: BlobStore
  /** Where `handle` is reached, as `https://api.example/uploads`. */
  readonly url: string
  /** At least 16 bytes each; the first signs, all are taken. */
  readonly secret: string | readonly string[]
  /** How long a client has, 1 minute to 6 days. Default 1 day. */
  readonly expiresIn?: Duration
  /** Hears that an upload is complete, before the client does. It may be told twice. */
  readonly onComplete?: (object: StoredBlob) => void | Promise<void>
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link DirectUploads.begin}. */
export interface BeginDirectOptions extends Omit<CreateUploadOptions, 'partBytes'> {
  readonly key: string
  /** Exactly so many bytes are taken. */
  readonly size: number
}

/** What a client is given to upload with: JSON, and a secret. */
export interface DirectUpload {
  readonly url: string
  readonly token: string
  readonly size: number
  readonly partBytes: number
  /** How many parts may be on their way at once. */
  readonly parallel: number
  /** ms since 1970. */
  readonly expiresAt: number
}

/** Uploads from browsers in parts: to the store itself where it presigns parts, else through us. */
export interface DirectUploads {
  /** Begins an upload. Who may, and under which key, is decided before. @throws StorageError */
  begin(options: BeginDirectOptions): Promise<DirectUpload>
  /**
   * Answers the client: which parts are there, where the next one goes, that all are sent. Whoever
   * has no token of ours learns and changes nothing.
   */
  handle(request: Request): Promise<Response>
}

/** What a token is bound to. */
interface Grant {
  readonly bucket: string
  readonly upload: BlobUpload
  readonly size: number
  readonly expiresAt: number
  /** The object that was there when it began, which is not what it makes. */
  readonly before?: string
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const MIB = 1_048_576
const MOST_BODY = 4 * MIB
const PART_LIFE = '1h'

/**
 * Presigned multipart for browsers. The client gets one token, bound by HMAC to bucket, key, upload
 * and size; part by part it asks where to send it. On S3 that is the store itself, and the part's
 * number and length are signed; elsewhere (R2 bindings, Azure, Google, folders) it is this route.
 *
 * `uploadDirect` of `…/storage/browser` is the client. S3 needs CORS for `PUT` from its origin.
 *
 * @example
 * const url = 'https://api.example/uploads'
 * const direct = createDirectUploads({ store: storage.bucket('s3', 'videos'), url, secret })
 * app.post('/videos', async (c) =>
 *   c.json(await direct.begin({ key: 'v/1.mp4', size: 10_485_761 })),
 * )
 * app.all('/uploads', (c) => direct.handle(c.req.raw))
 *
 * @throws TypeError or RangeError when an option is missing, unknown or out of range
 */
export function createDirectUploads(options: DirectUploadsOptions): DirectUploads {
  const action = 'create direct uploads'
  const more = ['expiresIn', 'onComplete', 'clock'] as const
  checkOptions(action, options, ['store', 'url', 'secret'], more)
  checkParts(action, 'store', options.store, ['head', 'uploads', 'capabilities'])
  const { store, url, secret, expiresIn = DAY_MS, onComplete } = options
  const { clock = { now: systemNow } } = options
  const lifeMs = checkDuration(action, 'expiresIn', expiresIn, MINUTE_MS, 6 * DAY_MS)
  if (!URL.canParse(url)) throw new TypeError(`Cannot ${action}: url is none`)
  const tokens = createSignedTokens('reuse-direct-1', secret)
  const receipts = createSignedTokens('reuse-part-1', secret)
  const { capabilities, uploads } = store
  const { presignParts, listParts } = capabilities

  function granted(token: unknown): Grant {
    // Only what was signed here can be read.
    const grant = tokens.read(token) as Grant
    if (grant.bucket !== store.bucket)
      throw new StorageError('access_denied', 'Cannot use token: it is for another bucket')
    if (grant.expiresAt > clock.now()) return grant
    throw new StorageError('access_denied', 'Cannot use token: it has expired')
  }

  /** Bytes of a part. @throws StorageError where the upload has no such part */
  function bytesOf({ size, upload: { partBytes } }: Grant, number: unknown): number {
    const parts = Math.max(Math.ceil(size / partBytes), 1)
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > parts)
      throw new StorageError('upload_conflict', `Cannot use part: 1 to ${parts} are expected`)
    return number < parts ? partBytes : size - (parts - 1) * partBytes
  }

  async function placeOf(grant: Grant, token: string, number: number): Promise<object> {
    const bytes = bytesOf(grant, number)
    if (presignParts) {
      const life = Math.min(grant.expiresAt - clock.now(), 3_600_000)
      const expiresIn = life >= 3_600_000 ? PART_LIFE : Math.max(Math.floor(life), 1000)
      return uploads.presignPart(grant.upload, { number, bytes, expiresIn })
    }
    const { expiresAt } = grant
    const headers = { 'x-upload-token': token, 'x-upload-part': String(number) }
    return { method: 'PUT', url, headers, expiresAt }
  }

  async function stored(request: Request): Promise<Response> {
    const { headers, signal } = request
    const grant = granted(headers.get('x-upload-token'))
    const number = Number(headers.get('x-upload-part'))
    const expected = bytesOf(grant, number)
    const bytes = await readBytes(request.body ?? emptyStream(), expected, signal)
    if (bytes?.length !== expected)
      throw new StorageError('size_mismatch', `Cannot store part: ${expected} bytes are expected`)
    const last = bytesOf(grant, number) !== grant.upload.partBytes || isLast(grant, number)
    const part = await uploads.putPart(grant.upload, { number, bytes, last }, { signal })
    return Response.json({ receipt: receipts.sign({ ...part, id: grant.upload.id }) })
  }

  /** Parts that the store has; where it does not tell, those of which the client has our word. */
  async function partsOf({ upload }: Grant, given: unknown): Promise<readonly UploadedPart[]> {
    if (listParts) return uploads.parts(upload)
    const list: readonly unknown[] = Array.isArray(given) ? given : []
    return list.map((receipt) => {
      const { id, ...part } = receipts.read(receipt) as UploadedPart & { readonly id: string }
      if (id === upload.id) return part
      throw new StorageError('access_denied', 'Cannot complete upload: a part is of another one')
    })
  }

  async function completed(grant: Grant, given: unknown): Promise<Response> {
    const { upload, size } = grant
    const parts = Math.ceil(size / upload.partBytes)
    if (parts === 0) return answered(await emptied(grant))
    const object = await partsOf(grant, given).then(
      async (found) => {
        for (const { number, size: bytes } of found)
          if (bytesOf(grant, number) !== bytes)
            throw new StorageError('size_mismatch', 'Cannot complete upload: a part is incomplete')
        if (found.length !== parts)
          throw new StorageError(
            'upload_conflict',
            `Cannot complete upload: ${found.length} of ${parts} parts are there`,
          )
        return uploads.complete(upload, found, { again: true })
      },
      async (error: unknown) => doneBefore(grant, error),
    )
    return answered(object)
  }

  async function answered(object: StoredBlob): Promise<Response> {
    await onComplete?.(object)
    const { key, etag, size } = object
    return Response.json({ key, size, etag })
  }

  /** Nothing has no parts. */
  async function emptied({ upload }: Grant): Promise<StoredBlob> {
    await uploads.abort(upload)
    return store.put(upload.key, new Uint8Array(), upload.commit)
  }

  /** An answer that was lost is asked for again, when the upload is no more. */
  async function doneBefore({ upload, size, before }: Grant, error: unknown): Promise<StoredBlob> {
    const gone = error instanceof StorageError && error.code === 'upload_not_found'
    const found = gone ? await store.head(upload.key) : null
    if (found?.size !== size || versionOf(found) === before) throw error
    return found
  }

  async function asked(request: Request): Promise<Response> {
    const body = await readBytes(request.body ?? emptyStream(), MOST_BODY, request.signal)
    let message: unknown
    try {
      message = readJson(body ?? new Uint8Array())
    } catch {
      message = null
    }
    if (typeof message !== 'object' || message === null)
      return refuse(400, 'invalid_request', 'A JSON object is expected')
    const { token, action: wanted, number, receipts: given } = message as Record<string, unknown>
    const grant = granted(token)
    if (wanted === 'part') return Response.json(await placeOf(grant, String(token), Number(number)))
    if (wanted === 'list') {
      const found = listParts ? await uploads.parts(grant.upload) : []
      return Response.json({ parts: found.map(({ number: at, size }) => ({ number: at, size })) })
    }
    if (wanted === 'complete') return completed(grant, given)
    if (wanted !== 'abort') return refuse(400, 'invalid_request', 'The action is not known')
    await uploads.abort(grant.upload)
    return new Response(null, { status: 204 })
  }

  return {
    async begin(given) {
      const { key, size, ...rest } = given
      checkInteger('begin upload', 'size', size, 0, capabilities.maxBytes)
      const found = await store.head(key)
      const before = found === null ? {} : { before: versionOf(found) }
      const upload = await uploads.create(key, { ...rest, size })
      const expiresAt = clock.now() + lifeMs
      const token = tokens.sign({ bucket: store.bucket, upload, size, expiresAt, ...before })
      const { partBytes } = upload
      const parallel = capabilities.parts.parallel ? 3 : 1
      return { url, token, size, partBytes, parallel, expiresAt }
    },
    async handle(request) {
      try {
        if (request.method === 'PUT' && !presignParts) return await stored(request)
        if (request.method === 'POST') return await asked(request)
        return refuse(405, 'method_not_allowed', 'Method not allowed', { allow: 'POST, PUT' })
      } catch (error) {
        if (error instanceof InfrastructureError)
          return refuse(error.status, String(error.code), error.message)
        throw error
      }
    },
  }
}

/** The same bytes written again may have the same etag. */
function versionOf({ etag, lastModified }: BlobInfo): string {
  return `${lastModified}/${etag}`
}

function isLast({ size, upload }: Grant, number: number): boolean {
  return number === Math.max(Math.ceil(size / upload.partBytes), 1)
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() })
}
