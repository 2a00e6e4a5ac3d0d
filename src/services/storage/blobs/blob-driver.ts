import type { BlobCapabilities } from './blob-capabilities.ts'
import type { CheckedProperties } from './blob-properties.ts'
import type {
  BlobInfo,
  BlobLocation,
  BlobPage,
  NotModified,
  PresignedPost,
  PresignedRequest,
  StoredBlob,
} from './blob-store.ts'
import type { ByteRange, ByteSpan } from './byte-range.ts'
import type { ChecksumAlgorithm, ExpectedChecksum } from './checksum.ts'
import type { StorageError } from '../storage-error.ts'
import type { BlobUpload, NewPart, UploadedPart } from './multipart-uploads.ts'

/**
 * What an adapter is: single requests to one bucket, each made once. `createBlobStore` makes a
 * BlobStore of it, with the rule for keys, retries, parts, ranges and pages that all stores share.
 *
 * A driver throws StorageError, `retryable` where asking again may help and `mayHaveHappened` where
 * an answer was lost. It never waits and never repeats by itself. Its arguments are checked
 * already.
 */
export interface BlobDriver {
  readonly capabilities: BlobCapabilities
  head(key: string, options: DriverRead): Promise<BlobInfo | null>
  get(key: string, options: DriverGet): Promise<DriverContent | NotModified | null>
  put(key: string, bytes: Uint8Array<ArrayBuffer>, options: DriverPut): Promise<StoredBlob>
  delete(key: string, options: DriverDelete): Promise<void>
  /** At most 1,000 keys. Default: one by one. @returns Those that stay, with why */
  deleteMany?(keys: readonly string[], options: DriverCall): Promise<DriverFailures>
  page(options: DriverPage): Promise<BlobPage>
  /** Where the store copies by itself. `size` is the source's. */
  copy?(from: BlobLocation, to: string, options: DriverCopy): Promise<StoredBlob>
  getTags?(key: string, options: DriverCall): Promise<Readonly<Record<string, string>>>
  setTags?(key: string, tags: Readonly<Record<string, string>>, options: DriverCall): Promise<void>
  createUpload(key: string, options: DriverUpload): Promise<Pick<BlobUpload, 'id'>>
  putPart(upload: BlobUpload, part: NewPart, options: DriverPart): Promise<UploadedPart>
  parts(upload: BlobUpload, options: DriverCall): Promise<readonly UploadedPart[]>
  /**
   * @throws StorageError `upload_not_found` where it is not, also where an earlier try has
   *   completed it
   */
  completeUpload(
    upload: BlobUpload,
    parts: readonly UploadedPart[],
    options: DriverComplete,
  ): Promise<StoredBlob>
  /**
   * Asked after a lost answer. @returns The object that was made of exactly these parts, or `null`
   * where that cannot be proven
   */
  findCompleted(
    upload: BlobUpload,
    parts: readonly UploadedPart[],
    options: DriverCall & { readonly size: number },
  ): Promise<StoredBlob | null>
  abortUpload(upload: BlobUpload, options: DriverCall): Promise<void>
  /** Where the store can list uploads that were begun and not ended. */
  pageUploads?(
    options: DriverCall & { readonly prefix: string; readonly cursor: string | null },
  ): Promise<UploadPage>
  presign?(key: string, options: DriverPresign): Promise<PresignedRequest>
  presignPost?(key: string, options: DriverPresignPost): Promise<PresignedPost>
  presignPart?(upload: BlobUpload, part: DriverPresignPart): Promise<PresignedRequest>
}

/** The half of a driver that writes. */
export type BlobWriter = Pick<
  BlobDriver,
  | 'capabilities'
  | 'put'
  | 'createUpload'
  | 'putPart'
  | 'parts'
  | 'completeUpload'
  | 'findCompleted'
  | 'abortUpload'
>

/** Options of every call of a driver. */
export interface DriverCall {
  readonly signal: AbortSignal
}

export interface DriverRead extends DriverCall {
  readonly versionId: string | undefined
}

export interface DriverGet extends DriverRead {
  readonly range: ByteRange | undefined
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

/** An object as a driver answers it. */
export interface DriverContent extends BlobInfo {
  readonly notModified?: undefined
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly range: ByteSpan | null
  /** Whether the platform has decoded the content encoding on the way. */
  readonly decoded: boolean
}

/** What is written beside the bytes. */
export interface DriverWrite extends DriverCall {
  readonly properties: CheckedProperties
  readonly tags: Readonly<Record<string, string>> | undefined
  readonly storageClass: string | undefined
  readonly ifNoneMatch: '*' | undefined
}

export interface DriverPut extends DriverWrite {
  readonly ifMatch: string | undefined
  /** To be compared by the store. */
  readonly checksum: ExpectedChecksum | null
}

export interface DriverDelete extends DriverRead {
  readonly ifMatch: string | undefined
}

export type DriverFailures = readonly { readonly key: string; readonly error: StorageError }[]

export interface DriverPage extends DriverCall {
  readonly prefix: string
  readonly delimiter: '/' | undefined
  readonly cursor: string | null
  readonly limit: number
}

export interface DriverCopy extends Omit<DriverWrite, 'properties' | 'tags'> {
  /** Replace all of the source's. */
  readonly properties: CheckedProperties | null
  /** The source as it was just seen. */
  readonly source: BlobInfo
}

export interface DriverUpload extends DriverWrite {
  /** Told again when it is completed. */
  readonly ifMatch: string | undefined
  readonly size: number | undefined
  readonly checksum: ChecksumAlgorithm | null
}

export interface DriverPart extends DriverCall {
  /** Bytes before it. */
  readonly offset: number
  /** With the last part: of the whole object, where its algorithm is a CRC. */
  readonly whole: ExpectedChecksum | null
  readonly checksum: ExpectedChecksum | null
}

export interface DriverComplete extends DriverCall {
  readonly ifMatch: string | undefined
  readonly size: number
  /** Of the whole object, where its algorithm is a CRC. */
  readonly checksum: ExpectedChecksum | null
}

/** One page of uploads that were begun and not ended. */
export interface UploadPage {
  readonly uploads: readonly {
    readonly key: string
    readonly id: string
    readonly startedAt: number
  }[]
  readonly cursor: string | null
}

export interface DriverPresign {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** ms since 1970. */
  readonly signedAt: number
  readonly expiresInMs: number
  readonly contentType: string | undefined
  readonly contentLength: number | undefined
  readonly contentDisposition: string | undefined
  readonly cacheControl: string | undefined
  readonly metadata: Readonly<Record<string, string>> | undefined
  readonly ifNoneMatch: '*' | undefined
  readonly versionId: string | undefined
}

export interface DriverPresignPart {
  readonly number: number
  /** Exactly so many. */
  readonly bytes: number
  /** ms since 1970. */
  readonly signedAt: number
  readonly expiresInMs: number
}

export interface DriverPresignPost {
  readonly signedAt: number
  readonly expiresInMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly contentType: string | undefined
  readonly metadata: Readonly<Record<string, string>> | undefined
}
