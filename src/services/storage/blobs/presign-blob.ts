import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobDriver } from './blob-driver.ts'
import type { BlobUpload, PresignPartOptions } from './multipart-uploads.ts'
import { checkHeaderValue, checkProperties } from './blob-properties.ts'
import type {
  PresignedPost,
  PresignedRequest,
  PresignOptions,
  PresignPostOptions,
} from './blob-store.ts'

const SECOND_MS = 1000
const WEEK_MS = 7 * 86_400_000
const DEFAULT_EXPIRY = '15m'

/** Names of {@link PresignOptions} that mean something with each method. */
const MEANT = {
  GET: ['contentType', 'contentDisposition', 'cacheControl', 'versionId'],
  HEAD: ['versionId'],
  PUT: [
    'contentType',
    'contentDisposition',
    'cacheControl',
    'contentLength',
    'metadata',
    'ifNoneMatch',
  ],
  DELETE: [],
} as const

/** Signs a request to an object. The key is checked already. */
export async function presignBlob(
  driver: BlobDriver,
  key: string,
  options: PresignOptions,
  now: number,
): Promise<PresignedRequest> {
  const { capabilities } = driver
  const { method = 'GET', contentLength, ifNoneMatch, metadata, versionId } = options
  if (!capabilities.presign.includes(method) || driver.presign === undefined)
    throw new StorageError(
      'unsupported',
      `Cannot presign request: this store presigns ${capabilities.presign.join(', ') || 'nothing'}`,
    )
  checkOptions('presign request', options, [], ['method', 'expiresIn', 'window', ...MEANT[method]])
  for (const name of ['contentType', 'contentDisposition', 'cacheControl'] as const)
    if (options[name] !== undefined) checkHeaderValue(name, options[name])
  if (contentLength !== undefined)
    checkInteger('presign request', 'contentLength', contentLength, 0, capabilities.maxPutBytes)
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new TypeError("Cannot presign request: ifNoneMatch takes only '*'")
  return driver.presign(key, {
    method,
    ...lifeOf(options, now),
    contentType: options.contentType,
    contentDisposition: options.contentDisposition,
    cacheControl: options.cacheControl,
    contentLength,
    metadata: metadata && checkProperties({ metadata }, capabilities).metadata,
    ifNoneMatch,
    versionId,
  })
}

/** Signs a form. The key is checked already. */
export async function presignBlobPost(
  driver: BlobDriver,
  key: string,
  options: PresignPostOptions,
  now: number,
): Promise<PresignedPost> {
  const action = 'presign form'
  checkOptions(action, options, ['maxBytes'], ['minBytes', 'expiresIn', 'contentType', 'metadata'])
  if (driver.presignPost === undefined)
    throw new StorageError('unsupported', 'Cannot presign form: this store knows no forms')
  const { capabilities } = driver
  const { contentType, metadata } = options
  const maxBytes = checkInteger(action, 'maxBytes', options.maxBytes, 0, capabilities.maxPutBytes)
  return driver.presignPost(key, {
    ...lifeOf(options, now),
    minBytes: checkInteger(action, 'minBytes', options.minBytes ?? 0, 0, maxBytes),
    maxBytes,
    contentType:
      contentType === undefined ? undefined : checkHeaderValue('contentType', contentType),
    metadata: metadata && checkProperties({ metadata }, capabilities).metadata,
  })
}

/** Signs a part of an upload. */
export async function presignBlobPart(
  driver: BlobDriver,
  upload: BlobUpload,
  options: PresignPartOptions,
  now: number,
): Promise<PresignedRequest> {
  const action = 'presign part'
  checkOptions(action, options, ['number', 'bytes'], ['expiresIn'])
  const { capabilities, presignPart } = driver
  if (!capabilities.presignParts || presignPart === undefined)
    throw new StorageError('unsupported', 'Cannot presign part: this store knows no such thing')
  return presignPart(upload, {
    number: checkInteger(action, 'number', options.number, 1, capabilities.parts.most),
    bytes: checkInteger(action, 'bytes', options.bytes, 0, upload.partBytes),
    ...lifeOf(options, now),
  })
}

/** When it is signed and for how long, whole seconds: within a window always the same. */
function lifeOf(
  options: { readonly expiresIn?: Duration; readonly window?: Duration },
  now: number,
): { readonly signedAt: number; readonly expiresInMs: number } {
  const { expiresIn = DEFAULT_EXPIRY, window = 0 } = options
  const lifeMs = checkDuration('presign request', 'expiresIn', expiresIn, SECOND_MS, WEEK_MS)
  const windowMs = checkDuration('presign request', 'window', window, 0, WEEK_MS - lifeMs)
  const step = Math.max(windowMs, SECOND_MS)
  return {
    signedAt: Math.floor(now / step) * step,
    expiresInMs: Math.floor((lifeMs + windowMs) / SECOND_MS) * SECOND_MS,
  }
}
