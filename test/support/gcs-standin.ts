import { decodeBase64, encodeBase64 } from '../../src/primitives/base64.ts'
import { decodeBase64Url } from '../../src/primitives/base64url.ts'
import { compareUtf8 } from '../../src/primitives/compare-utf8.ts'
import { decodeHex, encodeHex } from '../../src/primitives/hex.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/primitives/utf8.ts'
import { checksumOf } from '../../src/services/storage/blobs/checksum.ts'

/** A bucket server that speaks as Google Cloud Storage does, as far as its documentation says how. */
export interface GcsStandin {
  /** Answers a request to `https://storage.googleapis.com` or to the token service. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** The file that a service account would be given. */
  readonly serviceAccount: {
    readonly client_email: string
    readonly private_key: string
    readonly token_uri: string
  }
  createBucket(name: string): void
  /** Uploads that were begun and not ended. */
  openUploads(): number
  /** How many bytes of a chunk are stored, of those that were sent. Default: all of them. */
  persist: (sent: number) => number
}

interface StoredObject {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly resource: Record<string, unknown>
  readonly generation: number
}

interface Session {
  readonly bucket: string
  readonly name: string
  readonly resource: Record<string, unknown>
  readonly declared: number | null
  readonly generationMatch: string | null
  pieces: Uint8Array<ArrayBuffer>
  ended: StoredObject | 'cancelled' | null
}

const ORIGIN = 'https://storage.googleapis.com'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'
const CHUNK = 262_144
const TOKEN = 'ya29.token-of-the-stand-in'

/** Starts one with a key of its own and no bucket. @param origin Default: Google's */
export async function createGcsStandin(
  clock: { now(): number },
  origin = ORIGIN,
): Promise<GcsStandin> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const pkcs8 = encodeBase64(
    new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey)),
  )
  const email = 'standin@project.iam.gserviceaccount.com'
  const tokenUrl = origin === ORIGIN ? TOKEN_URL : `${origin}/token`
  const buckets = new Map<string, Map<string, StoredObject>>()
  const sessions = new Map<string, Session>()
  let counter = 1_700_000_000_000_000

  const verify = (signature: Uint8Array<ArrayBuffer>, text: string): Promise<boolean> =>
    crypto.subtle.verify(algorithm.name, keys.publicKey, signature, encodeUtf8(text))

  const standin: GcsStandin = {
    serviceAccount: {
      client_email: email,
      private_key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
      token_uri: tokenUrl,
    },
    persist: (sent) => sent,
    createBucket: (name) => void buckets.set(name, new Map()),
    openUploads: () => [...sessions.values()].filter(({ ended }) => ended === null).length,
    async fetch(url, init) {
      init.signal?.throwIfAborted()
      const request = new Request(url, { ...init, duplex: 'half' } as RequestInit)
      const response = await answer(request)
      init.signal?.throwIfAborted()
      return response
    },
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.href === tokenUrl) return answerToken(request)
    if (url.searchParams.has('X-Goog-Signature')) return answerSigned(request, url)
    const rawPath = rawPathOf(url)
    if (request.method === 'POST' && /^\/[^/]+\/$/.test(rawPath) && !rawPath.startsWith('/storage'))
      return answerForm(request, rawPath.slice(1, -1))
    if (request.headers.get('authorization') !== `Bearer ${TOKEN}`)
      return failure(401, 'authError', 'Invalid Credentials')
    if (rawPath.startsWith('/upload/storage/v1/b/')) return answerUpload(request, url, rawPath)
    const [, bucketName = '', , name, , target] =
      /^\/storage\/v1\/b\/([^/]+)(\/o(?:\/([^/]+)(\/rewriteTo\/b\/(.+))?)?)?$/.exec(rawPath) ?? []
    if (rawPath === '/storage/v1/b' && request.method === 'POST') {
      const { name: made } = (await request.json()) as { name: string }
      if (buckets.has(made)) return failure(409, 'conflict', 'You already own this bucket.')
      buckets.set(made, new Map())
      return Response.json({ kind: 'storage#bucket', name: made })
    }
    const bucket = buckets.get(decodeURIComponent(bucketName))
    if (bucket === undefined)
      return failure(404, 'notFound', 'The specified bucket does not exist.')
    if (name === undefined) {
      if (request.method !== 'GET') return failure(405, 'methodNotAllowed', 'Method not allowed')
      return rawPath.endsWith('/o')
        ? listObjects(bucket, url.searchParams)
        : Response.json({ kind: 'storage#bucket', name: bucketName })
    }
    const key = decodeURIComponent(name)
    if (target !== undefined) return rewrite(request, url, bucket, key, target)
    const object = bucket.get(key)
    const wanted = url.searchParams.get('generation')
    if (object === undefined || (wanted !== null && String(object.generation) !== wanted))
      return failure(404, 'notFound', `No such object: ${bucketName}/${key}`)
    const match = url.searchParams.get('ifGenerationMatch')
    if (match !== null && match !== String(object.generation)) return conditionFailed()
    switch (request.method) {
      case 'GET':
        return url.searchParams.get('alt') === 'media'
          ? media(request, object)
          : Response.json(object.resource)
      case 'DELETE':
        bucket.delete(key)
        return new Response(null, { status: 204 })
      default:
        return failure(405, 'methodNotAllowed', 'Method not allowed')
    }
  }

  async function answerToken(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text())
    const [head = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.')
    const holds = await verify(decodeBase64Url(signature) ?? new Uint8Array(), `${head}.${body}`)
    const claims = JSON.parse(decodeUtf8(decodeBase64Url(body) ?? new Uint8Array())) as {
      readonly iss: string
      readonly aud: string
      readonly iat: number
      readonly exp: number
      readonly scope: string
    }
    const now = clock.now() / 1000
    const good =
      holds &&
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
      claims.iss === email &&
      claims.aud === tokenUrl &&
      claims.scope.includes('devstorage') &&
      claims.iat <= now + 60 &&
      claims.exp > now &&
      claims.exp - claims.iat <= 3600
    if (!good) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    return Response.json({ access_token: TOKEN, expires_in: 3599, token_type: 'Bearer' })
  }

  function conditionFailed(): Response {
    return failure(
      412,
      'conditionNotMet',
      'At least one of the pre-conditions you specified did not hold.',
    )
  }

  function store(
    bucketName: string,
    name: string,
    given: Record<string, unknown>,
    bytes: Uint8Array<ArrayBuffer>,
    generationMatch: string | null,
  ): StoredObject | Response {
    const bucket = buckets.get(bucketName)
    if (bucket === undefined)
      return failure(404, 'notFound', 'The specified bucket does not exist.')
    if (name === '') return failure(400, 'required', 'Required')
    const before = bucket.get(name)
    if (generationMatch !== null && generationMatch !== String(before?.generation ?? 0))
      return conditionFailed()
    const crc32c = checksumOf('crc32c', bytes)
    const md5Hash = checksumOf('md5', bytes)
    const { crc32c: saidCrc = crc32c, md5Hash: saidMd5 = md5Hash, ...rest } = given
    if (saidCrc !== crc32c)
      return failure(
        400,
        'invalid',
        `Provided CRC32C "${String(saidCrc)}" doesn't match calculated CRC32C "${crc32c}".`,
      )
    if (saidMd5 !== md5Hash)
      return failure(
        400,
        'invalid',
        `Provided MD5 hash "${String(saidMd5)}" doesn't match calculated MD5 hash "${md5Hash}".`,
      )
    const generation = ++counter
    const at = new Date(clock.now()).toISOString()
    const object: StoredObject = {
      bytes,
      generation,
      resource: {
        ...rest,
        kind: 'storage#object',
        id: `${bucketName}/${name}/${generation}`,
        name,
        bucket: bucketName,
        generation: String(generation),
        metageneration: '1',
        storageClass: rest['storageClass'] ?? 'STANDARD',
        size: String(bytes.length),
        crc32c,
        md5Hash,
        etag: `etag-${generation}`,
        timeCreated: at,
        updated: at,
      },
    }
    bucket.set(name, object)
    return object
  }

  async function answerUpload(request: Request, url: URL, rawPath: string): Promise<Response> {
    const bucketName = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(rawPath)?.[1] ?? ''
    const query = url.searchParams
    const id = query.get('upload_id')
    if (id !== null) return answerChunk(request, id)
    if (!buckets.has(bucketName))
      return failure(404, 'notFound', 'The specified bucket does not exist.')
    const generationMatch = query.get('ifGenerationMatch')
    if (query.get('uploadType') === 'resumable') {
      const text = await request.text()
      const resource = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
      const name = query.get('name') ?? textOf(resource['name'])
      const current = buckets.get(bucketName)?.get(name)
      if (generationMatch !== null && generationMatch !== String(current?.generation ?? 0))
        return conditionFailed()
      const uploadId = `up-${++counter}`
      const length = request.headers.get('x-upload-content-length')
      const type = request.headers.get('x-upload-content-type')
      sessions.set(uploadId, {
        bucket: bucketName,
        name,
        resource: { ...(type !== null && { contentType: type }), ...resource },
        declared: length === null ? null : Number(length),
        generationMatch,
        pieces: new Uint8Array(),
        ended: null,
      })
      const location = `${origin}/upload/storage/v1/b/${bucketName}/o?uploadType=resumable&name=${encodeURIComponent(name)}&upload_id=${uploadId}`
      return new Response(null, { status: 200, headers: { location } })
    }
    if (query.get('uploadType') === 'multipart') {
      const parts = await readRelated(request)
      if (parts === null) return failure(400, 'badRequest', 'Malformed multipart body.')
      const resource = JSON.parse(decodeUtf8(parts.resource)) as Record<string, unknown>
      const name = query.get('name') ?? textOf(resource['name'])
      const made = store(
        bucketName,
        name,
        { contentType: parts.type, ...resource },
        parts.bytes,
        generationMatch,
      )
      return made instanceof Response ? made : Response.json(made.resource)
    }
    if (query.get('uploadType') === 'media') {
      const bytes = new Uint8Array(await request.arrayBuffer())
      const contentType = request.headers.get('content-type') ?? undefined
      const made = store(
        bucketName,
        query.get('name') ?? '',
        { contentType },
        bytes,
        generationMatch,
      )
      return made instanceof Response ? made : Response.json(made.resource)
    }
    return failure(400, 'invalid', 'uploadType is missing')
  }

  async function answerChunk(request: Request, id: string): Promise<Response> {
    const session = sessions.get(id)
    if (session === undefined) return failure(404, 'notFound', 'Not Found')
    if (session.ended === 'cancelled') return new Response(null, { status: 499 })
    if (request.method === 'DELETE') {
      if (session.ended !== null) return new Response(null, { status: 404 })
      session.ended = 'cancelled'
      return new Response(null, { status: 499 })
    }
    if (request.method !== 'PUT') return failure(405, 'methodNotAllowed', 'Method not allowed')
    const body = new Uint8Array(await request.arrayBuffer())
    if (session.ended !== null) return Response.json(session.ended.resource)
    const header =
      request.headers.get('content-range') ?? `bytes 0-${body.length - 1}/${body.length}`
    const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header)
    if (match === null) return failure(400, 'badRequest', 'Failed to parse Content-Range header.')
    const [, startText, endText, totalText = '*'] = match
    const total = totalText === '*' ? null : Number(totalText)
    if (startText === undefined) {
      if (body.length > 0) return failure(400, 'badRequest', 'A status query has no body.')
      return total !== null && total === session.pieces.length
        ? finish(session, request, total)
        : incomplete(session)
    }
    const start = Number(startText)
    const end = Number(endText)
    if (end - start + 1 !== body.length)
      return failure(400, 'badRequest', 'Content-Range and body differ in length.')
    if (total === null && body.length % CHUNK !== 0)
      return failure(
        400,
        'badRequest',
        'Invalid request. The number of bytes uploaded is required to be a multiple of 262144, except for the final request.',
      )
    if (start > session.pieces.length)
      return failure(
        503,
        'backendError',
        `Invalid request. According to the Content-Range header, the upload offset is ${start} byte(s), which exceeds already uploaded size of ${session.pieces.length} byte(s).`,
      )
    if (session.declared !== null && total !== null && total !== session.declared)
      return failure(400, 'badRequest', 'The total differs from X-Upload-Content-Length.')
    // What is stored already is not looked at again.
    const fresh = body.subarray(session.pieces.length - start)
    const kept = fresh.length === 0 ? 0 : Math.min(standin.persist(fresh.length), fresh.length)
    const whole = kept === fresh.length && total !== null
    const stored = whole ? fresh : fresh.subarray(0, kept - (kept % CHUNK))
    const pieces = new Uint8Array(session.pieces.length + stored.length)
    pieces.set(session.pieces)
    pieces.set(stored, session.pieces.length)
    session.pieces = pieces
    return whole && pieces.length === total ? finish(session, request, total) : incomplete(session)
  }

  function incomplete({ pieces }: Session): Response {
    const headers: Record<string, string> =
      pieces.length === 0 ? {} : { range: `bytes=0-${pieces.length - 1}` }
    return new Response(null, { status: 308, headers })
  }

  function finish(session: Session, request: Request, total: number): Response {
    if (session.declared !== null && total !== session.declared)
      return failure(400, 'badRequest', 'The total differs from X-Upload-Content-Length.')
    const said = /crc32c=([^,]+)/.exec(request.headers.get('x-goog-hash') ?? '')?.[1]
    const resource = { ...session.resource, ...(said !== undefined && { crc32c: said }) }
    const made = store(
      session.bucket,
      session.name,
      resource,
      session.pieces,
      session.generationMatch,
    )
    if (made instanceof Response) return made
    session.ended = made
    return Response.json(made.resource)
  }

  async function rewrite(
    request: Request,
    url: URL,
    bucket: Map<string, StoredObject>,
    key: string,
    target: string,
  ): Promise<Response> {
    const object = bucket.get(key)
    if (object === undefined) return failure(404, 'notFound', 'No such object')
    const wanted = url.searchParams.get('sourceGeneration')
    if (wanted !== null && wanted !== String(object.generation))
      return failure(404, 'notFound', 'No such object')
    const [, toBucket = '', toName = ''] = /^([^/]+)\/o\/([^/]+)$/.exec(target) ?? []
    const text = await request.text()
    const given = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const total = String(object.bytes.length)
    // Every copy takes two turns, so that nobody forgets to go on.
    if (url.searchParams.get('rewriteToken') === null)
      return Response.json({
        kind: 'storage#rewriteResponse',
        totalBytesRewritten: '0',
        objectSize: total,
        done: false,
        rewriteToken: `rw-${key.length}`,
      })
    const {
      contentType,
      cacheControl,
      contentDisposition,
      contentEncoding,
      contentLanguage,
      metadata,
    } = object.resource
    const kept = {
      contentType,
      cacheControl,
      contentDisposition,
      contentEncoding,
      contentLanguage,
      metadata,
    }
    const resource = JSON.stringify(Object.keys(given).length > 0 ? given : kept)
    const made = store(
      toBucket,
      decodeURIComponent(toName),
      JSON.parse(resource) as Record<string, unknown>,
      object.bytes,
      url.searchParams.get('ifGenerationMatch'),
    )
    if (made instanceof Response) return made
    return Response.json({
      kind: 'storage#rewriteResponse',
      totalBytesRewritten: total,
      objectSize: total,
      done: true,
      resource: made.resource,
    })
  }

  async function answerSigned(request: Request, url: URL): Promise<Response> {
    const query = url.searchParams
    const date = query.get('X-Goog-Date') ?? ''
    const startedAt = Date.parse(
      date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    )
    const seconds = Number(query.get('X-Goog-Expires'))
    if (!(seconds > 0 && seconds <= 604_800)) return xmlFailure(400, 'InvalidArgument')
    if (clock.now() > startedAt + seconds * 1000) return xmlFailure(400, 'ExpiredToken')
    const names = (query.get('X-Goog-SignedHeaders') ?? '').split(';')
    const rawQuery = url.search
      .slice(1)
      .split('&')
      .filter((pair) => !pair.startsWith('X-Goog-Signature='))
    const headers = names.map((name) => {
      const value = name === 'host' ? url.hostname : (request.headers.get(name) ?? '')
      const length = name === 'content-length' && value === ''
      return `${name}:${length ? 'measured' : value.trim().replace(/\s+/g, ' ')}\n`
    })
    const body = new Uint8Array(await request.arrayBuffer())
    const text = [
      request.method,
      rawPathOf(url),
      rawQuery.toSorted().join('&'),
      headers.join('').replace('measured', String(body.length)),
      names.join(';'),
      request.headers.get('x-goog-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    ].join('\n')
    const hash = encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text))))
    const toSign = `GOOG4-RSA-SHA256\n${date}\n${date.slice(0, 8)}/auto/storage/goog4_request\n${hash}`
    const signature = decodeHex(query.get('X-Goog-Signature') ?? '')
    if (signature === null || !(await verify(signature, toSign)))
      return xmlFailure(403, 'SignatureDoesNotMatch')
    const [, bucketName = '', name = ''] = /^\/([^/]+)\/(.+)$/.exec(rawPathOf(url)) ?? []
    const key = decodeURIComponent(name)
    if (request.method === 'PUT') {
      const metadata: Record<string, string> = {}
      for (const [header, value] of request.headers)
        if (header.startsWith('x-goog-meta-')) metadata[header.slice(12)] = value
      const made = store(
        bucketName,
        key,
        { contentType: request.headers.get('content-type') ?? undefined, metadata },
        body,
        request.headers.get('x-goog-if-generation-match'),
      )
      return made instanceof Response ? made : new Response(null, { status: 200 })
    }
    const object = buckets.get(bucketName)?.get(key)
    if (object === undefined) return xmlFailure(404, 'NoSuchKey')
    if (request.method === 'DELETE') {
      buckets.get(bucketName)?.delete(key)
      return new Response(null, { status: 204 })
    }
    const response = media(request, object)
    for (const header of ['content-type', 'content-disposition', 'cache-control']) {
      const value = query.get(`response-${header}`)
      if (value !== null) response.headers.set(header, value)
    }
    return request.method === 'HEAD' ? new Response(null, response) : response
  }

  async function answerForm(request: Request, bucketName: string): Promise<Response> {
    const form = await request.formData()
    const policyText = textOf(form.get('policy'))
    const signature = decodeHex(textOf(form.get('x-goog-signature')))
    if (signature === null || !(await verify(signature, policyText)))
      return xmlFailure(403, 'SignatureDoesNotMatch')
    const policy = JSON.parse(decodeUtf8(decodeBase64(policyText) ?? new Uint8Array())) as {
      readonly expiration: string
      readonly conditions: readonly (Record<string, string> | [string, ...(string | number)[]])[]
    }
    if (clock.now() > Date.parse(policy.expiration)) return xmlFailure(400, 'ExpiredToken')
    const file = form.get('file')
    if (!(file instanceof Blob)) return xmlFailure(400, 'InvalidArgument')
    const covered = new Set(['policy', 'x-goog-signature', 'file'])
    for (const condition of policy.conditions) {
      if (Array.isArray(condition)) {
        const [kind, name, value] = condition
        if (kind === 'content-length-range') {
          if (file.size < Number(name) || file.size > Number(value))
            return xmlFailure(400, file.size > Number(value) ? 'EntityTooLarge' : 'EntityTooSmall')
        } else {
          const field = String(name).slice(1)
          covered.add(field)
          if (!textOf(form.get(field)).startsWith(String(value)))
            return xmlFailure(403, 'AccessDenied')
        }
        continue
      }
      for (const [name, value] of Object.entries(condition)) {
        covered.add(name)
        if ((name === 'bucket' ? bucketName : form.get(name)) !== value)
          return xmlFailure(403, 'AccessDenied')
      }
    }
    for (const name of form.keys()) if (!covered.has(name)) return xmlFailure(403, 'AccessDenied')
    const metadata = Object.fromEntries(
      [...form]
        .filter(([name]) => name.startsWith('x-goog-meta-'))
        .map(([name, value]) => [name.slice(12), textOf(value)]),
    )
    const type = form.get('content-type')
    const made = store(
      bucketName,
      textOf(form.get('key')),
      { contentType: type === null ? undefined : textOf(type), metadata },
      new Uint8Array(await file.arrayBuffer()),
      null,
    )
    return made instanceof Response ? made : new Response(null, { status: 204 })
  }

  return standin
}

function listObjects(bucket: ReadonlyMap<string, StoredObject>, query: URLSearchParams): Response {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter')
  const limit = Math.min(Number(query.get('maxResults') ?? 1000), 1000)
  const token = query.get('pageToken')
  const after = token === null ? null : decodeUtf8(decodeBase64Url(token) ?? new Uint8Array())
  const items: unknown[] = []
  const prefixes: string[] = []
  let last = ''
  for (const name of [...bucket.keys()].toSorted(compareUtf8)) {
    if (!name.startsWith(prefix)) continue
    const end = delimiter === null ? -1 : name.indexOf(delimiter, prefix.length)
    const entry = end === -1 ? name : name.slice(0, end + 1)
    if (after !== null && compareUtf8(entry, after) <= 0) continue
    if (prefixes.at(-1) === entry && end !== -1) continue
    if (items.length + prefixes.length === limit)
      return Response.json({
        kind: 'storage#objects',
        items,
        prefixes,
        nextPageToken: pageToken(last),
      })
    if (end === -1) items.push(bucket.get(name)?.resource)
    else prefixes.push(entry)
    last = entry
  }
  return Response.json({
    kind: 'storage#objects',
    ...(items.length > 0 && { items }),
    ...(prefixes.length > 0 && { prefixes }),
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function pageToken(last: string): string {
  return encodeBase64(encodeUtf8(last))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function media(request: Request, { bytes, resource }: StoredObject): Response {
  const headers = new Headers({
    'content-type': textOf(resource['contentType']) || 'application/octet-stream',
    'x-goog-hash': `crc32c=${String(resource['crc32c'])},md5=${String(resource['md5Hash'])}`,
    'x-goog-generation': String(resource['generation']),
    'x-goog-stored-content-length': String(bytes.length),
    'content-length': String(bytes.length),
  })
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '')
  if (match === null) return new Response(bytes.slice(), { headers })
  const [, from = '', to = ''] = match
  const start = from === '' ? Math.max(bytes.length - Number(to), 0) : Number(from)
  const end = from === '' || to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1)
  if (start >= bytes.length) return new Response(null, { status: 416 })
  headers.set('content-range', `bytes ${start}-${end}/${bytes.length}`)
  headers.set('content-length', String(end - start + 1))
  return new Response(bytes.slice(start, end + 1), { status: 206, headers })
}

async function readRelated(request: Request): Promise<{
  readonly resource: Uint8Array
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
} | null> {
  const boundary = /multipart\/related;\s*boundary="?([^";]+)"?/i.exec(
    request.headers.get('content-type') ?? '',
  )?.[1]
  if (boundary === undefined) return null
  const body = new Uint8Array(await request.arrayBuffer())
  // One unit a byte, so that offsets are those of the bytes.
  let text = ''
  for (let at = 0; at < body.length; at += 8192)
    text += String.fromCharCode(...body.subarray(at, at + 8192))
  const first = text.indexOf(`--${boundary}`)
  const second = text.indexOf(`\r\n--${boundary}`, first + 2)
  const last = text.lastIndexOf(`\r\n--${boundary}--`)
  if (first === -1 || second === -1 || last <= second) return null
  const split = (from: number, to: number): { head: string; start: number; end: number } => {
    const start = text.indexOf('\r\n\r\n', from) + 4
    return { head: text.slice(from, start), start, end: to }
  }
  const one = split(first, second)
  const two = split(second + 2, last)
  const type = /content-type:\s*([^\r\n]+)/i.exec(two.head)?.[1] ?? 'application/octet-stream'
  return {
    resource: body.subarray(one.start, one.end),
    type,
    bytes: body.slice(two.start, two.end),
  }
}

/** As it was sent: what a URL makes of it is not what is signed. */
function rawPathOf(url: URL): string {
  return url.pathname
}

function failure(code: number, reason: string, message: string): Response {
  return Response.json(
    { error: { code, message, errors: [{ domain: 'global', reason, message }] } },
    { status: code },
  )
}

function xmlFailure(status: number, code: string): Response {
  return new Response(`<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code></Error>`, {
    status,
    headers: { 'content-type': 'application/xml' },
  })
}
