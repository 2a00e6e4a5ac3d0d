import { decodeBase64, encodeBase64 } from '../../src/primitives/base64.ts'
import { compareUtf8 } from '../../src/primitives/compare-utf8.ts'
import { encodeHex } from '../../src/primitives/hex.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/primitives/utf8.ts'
import { checksumOf, type ChecksumAlgorithm } from '../../src/services/storage/blobs/checksum.ts'

/** A bucket server in this process that speaks S3 as AWS documents it, and checks all that AWS checks. */
export interface S3Standin {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  createBucket(name: string): void
  /** Uploads that were begun and not ended. */
  openUploads(): number
  /** Requests that were answered, as `PUT /bucket/key?partNumber`. */
  readonly requests: string[]
}

interface S3Object {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly etag: string
  readonly headers: ReadonlyMap<string, string>
  readonly modifiedAt: number
  readonly checksums: ReadonlyMap<string, string>
  tags: ReadonlyMap<string, string>
}

interface S3Upload {
  readonly bucket: string
  readonly key: string
  readonly headers: ReadonlyMap<string, string>
  readonly tags: ReadonlyMap<string, string>
  readonly startedAt: number
  readonly algorithm: string | null
  readonly type: string | null
  readonly parts: Map<number, { readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string }>
}

const KEPT =
  /^(?:content-type|cache-control|content-disposition|content-encoding|content-language|x-amz-storage-class|x-amz-meta-.*)$/
const MIN_PART = 5 * 1024 * 1024
const ALGORITHMS: Readonly<Record<string, ChecksumAlgorithm>> = {
  sha256: 'sha-256',
  crc32c: 'crc32c',
  crc64nvme: 'crc64nvme',
}

/** Starts one without a bucket. */
export function createS3Standin(clock: { now(): number }): S3Standin {
  const accessKeyId = 'AKIASTANDIN'
  const secretAccessKey = 'secret/of+the/stand-in'
  const endpoint = 'https://s3.standin.example'
  const buckets = new Map<string, Map<string, S3Object>>()
  const uploads = new Map<string, S3Upload>()
  let counter = 0

  const standin: S3Standin = {
    endpoint,
    accessKeyId,
    secretAccessKey,
    requests: [],
    createBucket: (name) => void buckets.set(name, new Map()),
    openUploads: () => uploads.size,
    async fetch(url, init) {
      init.signal?.throwIfAborted()
      const request = new Request(url, { ...init, duplex: 'half' } as RequestInit)
      const body = new Uint8Array(await request.arrayBuffer())
      const target = new URL(url)
      standin.requests.push(`${request.method} ${target.pathname}${target.search}`)
      const response = await answer(request, target, body)
      init.signal?.throwIfAborted()
      return response
    },
  }

  async function answer(
    request: Request,
    url: URL,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    const [, bucketName = '', rawKey = ''] = /^\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? []
    if (request.method === 'POST' && rawKey === '' && !url.search)
      return answerForm(request, body, bucketName)
    const refused = await checkSignature(request, url, body)
    if (refused !== null) return failure(403, refused)
    const bucket = buckets.get(bucketName)
    if (bucket === undefined) return failure(404, 'NoSuchBucket', request.method)
    const md5 = request.headers.get('content-md5')
    if (md5 !== null && md5 !== checksumOf('md5', body)) return failure(400, 'BadDigest')
    for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
      const said = request.headers.get(`x-amz-checksum-${name}`)
      const whole = request.headers.get('x-amz-checksum-type') !== null
      if (said !== null && !whole && said !== checksumOf(algorithm, body))
        return failure(400, 'BadDigest')
    }
    const query = url.searchParams
    if (rawKey === '') return answerBucket(request, query, body, bucketName, bucket)
    const key = decodeURIComponent(rawKey)
    if (query.has('uploads') || query.has('uploadId'))
      return answerUpload(request, query, body, bucketName, bucket, key)
    if (query.has('tagging')) return answerTagging(request, body, bucket.get(key))
    switch (request.method) {
      case 'HEAD':
      case 'GET':
        return read(request, query, bucket.get(key))
      case 'DELETE': {
        const match = request.headers.get('if-match')
        const current = bucket.get(key)
        if (match !== null && current !== undefined && match !== `"${current.etag}"`)
          return failure(412, 'PreconditionFailed')
        bucket.delete(key)
        return new Response(null, { status: 204 })
      }
      case 'PUT':
        return request.headers.has('x-amz-copy-source')
          ? copy(request, bucket, key)
          : put(request, bucket, key, body)
      default:
        return failure(405, 'MethodNotAllowed')
    }
  }

  function conditionFailed(headers: Headers, current: S3Object | undefined): boolean {
    const match = headers.get('if-match')
    const noneMatch = headers.get('if-none-match')
    return (
      (noneMatch === '*' && current !== undefined) ||
      (match !== null && match !== `"${current?.etag ?? ''}"`)
    )
  }

  function put(
    request: Request,
    bucket: Map<string, S3Object>,
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
  ): Response {
    const { headers } = request
    if (conditionFailed(headers, bucket.get(key)))
      return failure(
        headers.has('if-match') && !bucket.has(key) ? 404 : 412,
        headers.has('if-match') && !bucket.has(key) ? 'NoSuchKey' : 'PreconditionFailed',
      )
    const etag = md5Of(bytes)
    const checksums = checksumsOf(headers)
    bucket.set(key, {
      bytes,
      etag,
      headers: keptOf(headers),
      modifiedAt: clock.now(),
      checksums,
      tags: tagsOf(headers),
    })
    return new Response(null, { headers: { etag: `"${etag}"`, ...Object.fromEntries(checksums) } })
  }

  function sourceOf(headers: Headers): S3Object | Response {
    const [, name = '', rawKey = ''] =
      /^\/([^/]+)\/(.*)$/.exec((headers.get('x-amz-copy-source') ?? '').split('?')[0] ?? '') ?? []
    const source = buckets.get(name)?.get(decodeURIComponent(rawKey))
    if (source === undefined) return failure(404, 'NoSuchKey')
    const match = headers.get('x-amz-copy-source-if-match')
    return match === null || match === `"${source.etag}"`
      ? source
      : failure(412, 'PreconditionFailed')
  }

  function copy(request: Request, bucket: Map<string, S3Object>, key: string): Response {
    const source = sourceOf(request.headers)
    if (source instanceof Response) return source
    const replaces = request.headers.get('x-amz-metadata-directive') === 'REPLACE'
    const headers = replaces ? keptOf(request.headers) : source.headers
    const etag = md5Of(source.bytes)
    bucket.set(key, { ...source, etag, headers, modifiedAt: clock.now() })
    // As AWS does while it works: spaces first.
    return xml(`   <CopyObjectResult><ETag>&quot;${etag}&quot;</ETag></CopyObjectResult>`)
  }

  function read(request: Request, query: URLSearchParams, object: S3Object | undefined): Response {
    if (object === undefined) return failure(404, 'NoSuchKey', request.method)
    const { bytes, etag, modifiedAt } = object
    const headers = new Headers([...object.headers])
    headers.set('etag', `"${etag}"`)
    headers.set('last-modified', new Date(modifiedAt).toUTCString())
    headers.set('accept-ranges', 'bytes')
    if (request.headers.get('x-amz-checksum-mode') === 'ENABLED')
      for (const [name, value] of object.checksums) headers.set(name, value)
    for (const name of ['content-type', 'content-disposition', 'cache-control']) {
      const value = query.get(`response-${name}`)
      if (value !== null) headers.set(name, value)
    }
    const match = request.headers.get('if-match')
    if (match !== null && match !== `"${etag}"`) return failure(412, 'PreconditionFailed')
    if (request.headers.get('if-none-match') === `"${etag}"`)
      return new Response(null, { status: 304, headers })
    const wanted = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '')
    let part = bytes
    let status = 200
    if (wanted !== null) {
      const [, from = '', to = ''] = wanted
      const start = from === '' ? Math.max(bytes.length - Number(to), 0) : Number(from)
      const end =
        from === '' || to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1)
      if (start >= bytes.length) return failure(416, 'InvalidRange')
      headers.set('content-range', `bytes ${start}-${end}/${bytes.length}`)
      part = bytes.slice(start, end + 1)
      status = 206
    }
    headers.set('content-length', String(part.length))
    return new Response(request.method === 'HEAD' ? null : part, { status, headers })
  }

  function answerBucket(
    request: Request,
    query: URLSearchParams,
    body: Uint8Array,
    bucketName: string,
    bucket: Map<string, S3Object>,
  ): Response {
    if (query.has('delete')) {
      if (!request.headers.has('content-md5')) return failure(400, 'InvalidRequest')
      const keys = Array.from(decodeUtf8(body).matchAll(/<Key>(.*?)<\/Key>/gs), ([, key = '']) =>
        unescape(key),
      )
      if (keys.length > 1000) return failure(400, 'MalformedXML')
      for (const key of keys) bucket.delete(key)
      return xml('<DeleteResult></DeleteResult>')
    }
    if (query.has('uploads')) {
      const prefix = query.get('prefix') ?? ''
      const listed = [...uploads].filter(
        ([, upload]) => upload.bucket === bucketName && upload.key.startsWith(prefix),
      )
      return xml(
        `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${listed.map(([id, { key, startedAt }]) => `<Upload><Key>${escape(key)}</Key><UploadId>${id}</UploadId><Initiated>${new Date(startedAt).toISOString()}</Initiated></Upload>`).join('')}</ListMultipartUploadsResult>`,
      )
    }
    if (request.method !== 'GET' || query.get('list-type') !== '2')
      return failure(405, 'MethodNotAllowed')
    return list(query, bucket)
  }

  function list(query: URLSearchParams, bucket: ReadonlyMap<string, S3Object>): Response {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter')
    const limit = Math.min(Number(query.get('max-keys') ?? 1000), 1000)
    const token = query.get('continuation-token')
    const after = token === null ? null : decodeUtf8(decodeBase64(token) ?? new Uint8Array())
    const url = query.get('encoding-type') === 'url'
    const shown = (text: string): string =>
      url ? encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/') : escape(text)
    const entries: string[] = []
    let last = ''
    let more = false
    for (const key of [...bucket.keys()].toSorted(compareUtf8)) {
      if (!key.startsWith(prefix)) continue
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length)
      const entry = end === -1 ? key : key.slice(0, end + 1)
      if ((after !== null && compareUtf8(entry, after) <= 0) || (entry === last && end !== -1))
        continue
      if (entries.length === limit) {
        more = true
        break
      }
      const object = bucket.get(key)
      entries.push(
        end === -1
          ? `<Contents><Key>${shown(key)}</Key><LastModified>${new Date(object?.modifiedAt ?? 0).toISOString()}</LastModified><ETag>&quot;${object?.etag}&quot;</ETag><Size>${object?.bytes.length}</Size></Contents>`
          : `<CommonPrefixes><Prefix>${shown(entry)}</Prefix></CommonPrefixes>`,
      )
      last = entry
    }
    const next = more
      ? `<NextContinuationToken>${encodeBase64(encodeUtf8(last))}</NextContinuationToken>`
      : ''
    return xml(
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${url ? '<EncodingType>url</EncodingType>' : ''}<Prefix>${shown(prefix)}</Prefix><IsTruncated>${more}</IsTruncated>${next}${entries.join('')}</ListBucketResult>`,
    )
  }

  function answerTagging(
    request: Request,
    body: Uint8Array,
    object: S3Object | undefined,
  ): Response {
    if (object === undefined) return failure(404, 'NoSuchKey')
    if (request.method === 'PUT') {
      const found = decodeUtf8(body).matchAll(/<Key>(.*?)<\/Key><Value>(.*?)<\/Value>/gs)
      object.tags = new Map(
        Array.from(found, ([, name = '', value = '']) => [unescape(name), unescape(value)]),
      )
      return new Response(null, { status: 200 })
    }
    const tags = [...object.tags].map(
      ([name, value]) => `<Tag><Key>${escape(name)}</Key><Value>${escape(value)}</Value></Tag>`,
    )
    return xml(`<Tagging><TagSet>${tags.join('')}</TagSet></Tagging>`)
  }

  function answerUpload(
    request: Request,
    query: URLSearchParams,
    body: Uint8Array<ArrayBuffer>,
    bucketName: string,
    bucket: Map<string, S3Object>,
    key: string,
  ): Response {
    const { method, headers } = request
    if (query.has('uploads')) {
      const id = `upload+${++counter}/=`
      uploads.set(id, {
        bucket: bucketName,
        key,
        headers: keptOf(headers),
        tags: tagsOf(headers),
        startedAt: clock.now(),
        algorithm: headers.get('x-amz-checksum-algorithm'),
        type: headers.get('x-amz-checksum-type'),
        parts: new Map(),
      })
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${escape(id)}</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    const id = query.get('uploadId') ?? ''
    const upload = uploads.get(id)
    if (upload === undefined || upload.key !== key) return failure(404, 'NoSuchUpload')
    if (method === 'DELETE') {
      uploads.delete(id)
      return new Response(null, { status: 204 })
    }
    if (method === 'PUT') {
      const number = Number(query.get('partNumber'))
      if (!(number >= 1 && number <= 10_000)) return failure(400, 'InvalidArgument')
      let bytes = body
      if (headers.has('x-amz-copy-source')) {
        const source = sourceOf(headers)
        if (source instanceof Response) return source
        const [, start = '0', end = '0'] =
          /^bytes=(\d+)-(\d+)$/.exec(headers.get('x-amz-copy-source-range') ?? '') ?? []
        bytes = source.bytes.slice(Number(start), Number(end) + 1)
      }
      const etag = md5Of(bytes)
      upload.parts.set(number, { bytes, etag })
      return headers.has('x-amz-copy-source')
        ? xml(`<CopyPartResult><ETag>&quot;${etag}&quot;</ETag></CopyPartResult>`)
        : new Response(null, { headers: { etag: `"${etag}"` } })
    }
    if (method === 'GET') {
      const marker = Number(query.get('part-number-marker') ?? 0)
      const all = [...upload.parts]
        .toSorted(([a], [b]) => a - b)
        .filter(([number]) => number > marker)
      const some = all.slice(0, 2)
      const next =
        all.length > 2 ? `<NextPartNumberMarker>${some.at(-1)?.[0]}</NextPartNumberMarker>` : ''
      return xml(
        `<ListPartsResult><IsTruncated>${all.length > 2}</IsTruncated>${next}${some.map(([number, part]) => `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${part.etag}&quot;</ETag><Size>${part.bytes.length}</Size></Part>`).join('')}</ListPartsResult>`,
      )
    }
    const listed = Array.from(
      decodeUtf8(body).matchAll(/<Part>(.*?)<\/Part>/gs),
      ([, part = '']) => ({
        number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
        etag: unescape(/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replaceAll('"', ''),
        checksum: /<Checksum(\w+)>(.*?)<\//.exec(part),
      }),
    )
    if (listed.length === 0) return failure(400, 'MalformedXML')
    if (listed.some(({ number }, index) => number <= (listed[index - 1]?.number ?? 0)))
      return failure(400, 'InvalidPartOrder')
    const pieces: Uint8Array[] = []
    for (const [index, { number, etag, checksum }] of listed.entries()) {
      const part = upload.parts.get(number)
      if (part === undefined || part.etag !== etag) return failure(400, 'InvalidPart')
      if (index < listed.length - 1 && part.bytes.length < MIN_PART)
        return failure(400, 'EntityTooSmall')
      const algorithm = ALGORITHMS[(upload.algorithm ?? '').toLowerCase()]
      if (
        algorithm !== undefined &&
        (checksum?.[1] !== upload.algorithm || checksum?.[2] !== checksumOf(algorithm, part.bytes))
      )
        return failure(400, 'InvalidPart')
      pieces.push(part.bytes)
    }
    const bytes = joined(pieces)
    const checksums = new Map<string, string>()
    for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
      const said = headers.get(`x-amz-checksum-${name}`)
      if (said === null) continue
      if (upload.type !== 'FULL_OBJECT' || said !== checksumOf(algorithm, bytes))
        return failure(400, 'BadDigest')
      checksums.set(`x-amz-checksum-${name}`, said)
    }
    if (conditionFailed(headers, bucket.get(key))) return failure(412, 'PreconditionFailed')
    const etag = `${md5Of(joined(pieces.map((piece) => decodeBase64(checksumOf('md5', piece)) ?? new Uint8Array())))}-${pieces.length}`
    bucket.set(key, {
      bytes,
      etag,
      headers: upload.headers,
      tags: upload.tags,
      modifiedAt: clock.now(),
      checksums,
    })
    uploads.delete(id)
    return xml(
      `\n \n<CompleteMultipartUploadResult><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
    )
  }

  async function answerForm(
    request: Request,
    body: Uint8Array<ArrayBuffer>,
    bucketName: string,
  ): Promise<Response> {
    const form = await new Response(body, {
      headers: { 'content-type': request.headers.get('content-type') ?? '' },
    }).formData()
    const text = (name: string): string => {
      const value = form.get(name)
      return typeof value === 'string' ? value : ''
    }
    const policyText = text('policy')
    const date = text('x-amz-date')
    const expected = await signatureOf(
      policyText,
      date,
      /^[^/]+\/\d+\/([^/]+)\//.exec(text('x-amz-credential'))?.[1] ?? '',
    )
    if (text('x-amz-signature') !== expected) return failure(403, 'SignatureDoesNotMatch')
    const policy = JSON.parse(decodeUtf8(decodeBase64(policyText) ?? new Uint8Array())) as {
      readonly expiration: string
      readonly conditions: readonly (Record<string, string> | [string, ...(string | number)[]])[]
    }
    if (clock.now() > Date.parse(policy.expiration)) return failure(403, 'AccessDenied')
    const file = form.get('file')
    if (!(file instanceof Blob)) return failure(400, 'InvalidArgument')
    const covered = new Set(['policy', 'x-amz-signature', 'file'])
    for (const condition of policy.conditions) {
      if (Array.isArray(condition)) {
        const [kind, name, value] = condition
        if (kind === 'content-length-range') {
          if (file.size > Number(value)) return failure(400, 'EntityTooLarge')
          if (file.size < Number(name)) return failure(400, 'EntityTooSmall')
        } else {
          const field = String(name).slice(1)
          covered.add(field)
          if (!text(field).startsWith(String(value))) return failure(403, 'AccessDenied')
        }
        continue
      }
      for (const [name, value] of Object.entries(condition)) {
        covered.add(name)
        if ((name === 'bucket' ? bucketName : text(name)) !== value)
          return failure(403, 'AccessDenied')
      }
    }
    for (const name of form.keys()) if (!covered.has(name)) return failure(403, 'AccessDenied')
    const headers = new Headers()
    for (const [name, value] of form)
      if (KEPT.test(name.toLowerCase()) && typeof value === 'string') headers.set(name, value)
    const bytes = new Uint8Array(await file.arrayBuffer())
    buckets.get(bucketName)?.set(text('key'), {
      bytes,
      etag: md5Of(bytes),
      headers: keptOf(headers),
      modifiedAt: clock.now(),
      checksums: new Map(),
      tags: new Map(),
    })
    return new Response(null, { status: 204 })
  }

  /** @returns Why the request is not one of ours, or `null` */
  async function checkSignature(
    request: Request,
    url: URL,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<string | null> {
    const query = url.searchParams
    const presigned = query.has('X-Amz-Signature')
    const given = presigned
      ? null
      : /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(
          request.headers.get('authorization') ?? '',
        )
    if (!presigned && given === null) return 'AccessDenied'
    const credential = (query.get('X-Amz-Credential') ?? '').split('/')
    const [keyId, region] = presigned ? [credential[0], credential[2]] : [given?.[1], given?.[3]]
    const date = (presigned ? query.get('X-Amz-Date') : request.headers.get('x-amz-date')) ?? ''
    const at = Date.parse(
      date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    )
    if (keyId !== accessKeyId) return 'InvalidAccessKeyId'
    if (presigned && clock.now() > at + Number(query.get('X-Amz-Expires')) * 1000)
      return 'AccessDenied'
    if (!presigned && Math.abs(clock.now() - at) > 900_000) return 'RequestTimeTooSkewed'
    const names = ((presigned ? query.get('X-Amz-SignedHeaders') : given?.[4]) ?? '').split(';')
    for (const name of request.headers.keys())
      if (name.startsWith('x-amz-') && !names.includes(name)) return 'AccessDenied'
    const payload = presigned
      ? 'UNSIGNED-PAYLOAD'
      : (request.headers.get('x-amz-content-sha256') ?? '')
    if (
      payload !== 'UNSIGNED-PAYLOAD' &&
      payload !== encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', body)))
    )
      return 'XAmzContentSHA256Mismatch'
    const pairs = url.search
      .slice(1)
      .split('&')
      .filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    const headers = names.map((name) => {
      const value =
        name === 'host'
          ? url.host
          : name === 'content-length'
            ? String(body.length)
            : (request.headers.get(name) ?? '')
      return `${name}:${value.trim().replace(/ +/g, ' ')}\n`
    })
    const text = [
      request.method,
      url.pathname,
      pairs
        .toSorted((a, b) => ((a.split('=')[0] ?? '') < (b.split('=')[0] ?? '') ? -1 : 1))
        .join('&'),
      headers.join(''),
      names.join(';'),
      payload,
    ].join('\n')
    const hash = encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text))))
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${date.slice(0, 8)}/${region}/s3/aws4_request\n${hash}`
    const signature = presigned ? query.get('X-Amz-Signature') : given?.[5]
    return signature === (await signatureOf(toSign, date, region ?? ''))
      ? null
      : 'SignatureDoesNotMatch'
  }

  /** With WebCrypto, which the library does not use for it. */
  async function signatureOf(text: string, date: string, region: string): Promise<string> {
    let key = encodeUtf8(`AWS4${secretAccessKey}`)
    for (const part of [date.slice(0, 8), region, 's3', 'aws4_request', text]) {
      const imported = await crypto.subtle.importKey(
        'raw',
        key,
        { name: 'HMAC', hash: 'SHA-256' },
        false,
        ['sign'],
      )
      key = new Uint8Array(await crypto.subtle.sign('HMAC', imported, encodeUtf8(part)))
    }
    return encodeHex(key)
  }

  return standin
}

function keptOf(headers: Headers): ReadonlyMap<string, string> {
  return new Map([...headers].filter(([name]) => KEPT.test(name)))
}

function tagsOf(headers: Headers): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(headers.get('x-amz-tagging') ?? ''))
}

function checksumsOf(headers: Headers): ReadonlyMap<string, string> {
  return new Map(
    [...headers].filter(([name]) => /^x-amz-checksum-(?:sha256|crc32c|crc64nvme)$/.test(name)),
  )
}

function md5Of(bytes: Uint8Array): string {
  return encodeHex(decodeBase64(checksumOf('md5', bytes)) ?? new Uint8Array())
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    pieces.map(({ length }) => length).reduce((sum, length) => sum + length, 0),
  )
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&apos;')
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}

function xml(text: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${text}`, {
    headers: { 'content-type': 'application/xml' },
  })
}

function failure(status: number, code: string, method = ''): Response {
  return new Response(
    method === 'HEAD'
      ? null
      : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>As the stand-in says</Message></Error>`,
    { status, headers: { 'content-type': 'application/xml' } },
  )
}
