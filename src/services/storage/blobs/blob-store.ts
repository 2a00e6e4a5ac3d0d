import type { Duration } from '../../../primitives/duration.ts'
import type { StorageError } from '../storage-error.ts'
import type { BlobBody } from './blob-body.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'
import type { BlobChecksums, ChecksumAlgorithm, ExpectedChecksum } from './checksum.ts'
import type { MultipartUploads } from './multipart-uploads.ts'
import type { ByteRange } from './byte-range.ts'

/**
 * Objects in one bucket, wherever it is: S3 and what speaks like it, Azure Blob, Google Cloud
 * Storage, an R2 binding, a folder, memory.
 *
 * Every store keeps the laws in `blob-store.conformance.ts`; what one of them cannot do it says in
 * its capabilities and refuses with `unsupported`. All calls throw StorageError, and `invalid_key`
 * for a key that no store should have. They repeat what is safe to repeat while a store is
 * unavailable or throttles.
 */
export interface BlobStore {
  readonly bucket: string
  readonly capabilities: BlobCapabilities

  /**
   * Writes an object, whole or not at all. Bytes that fit one request are sent in one; what is
   * longer, or a stream, goes in parts that are retried one by one, in constant memory.
   *
   * @throws StorageError `precondition_failed`, `checksum_mismatch`, `size_mismatch`, `too_large`,
   *   …
   */
  put(key: string, body: BlobBody, options?: PutOptions): Promise<StoredBlob>

  /** With `ifNoneMatch`: `{ notModified: true }` where the object is still that one. */
  get(
    key: string,
    options: GetOptions & { readonly ifNoneMatch: string },
  ): Promise<BlobContent | NotModified | null>
  /** @returns The object and a stream of its bytes, or `null` when there is none */
  get(key: string, options?: GetOptions): Promise<BlobContent | null>

  /** @returns What the object is, without its bytes, or `null` when there is none */
  head(key: string, options?: HeadOptions): Promise<BlobInfo | null>

  exists(key: string, options?: CallOptions): Promise<boolean>

  /** Removes an object; none being there is no error. */
  delete(key: string, options?: DeleteOptions): Promise<void>

  /** Removes many objects, with a result for each: some may stay while others go. */
  deleteMany(keys: readonly string[], options?: CallOptions): Promise<DeletedBlobs>

  /** All objects in the order of their keys' UTF-8, page by page as they are asked for. */
  list(options?: ListBlobsOptions): AsyncIterable<BlobSummary>

  /**
   * One page of a listing. It may be short, even empty, and yet not the last: `cursor` says that.
   */
  page(options?: PageBlobsOptions): Promise<BlobPage>

  /**
   * Copies an object, of any size, within the store where it can do that, else through this
   * process.
   *
   * @param from A key of this bucket, or of another one of the same account
   * @throws StorageError `not_found`, …
   */
  copy(from: string | BlobLocation, to: string, options?: CopyOptions): Promise<StoredBlob>

  /** Copies, then removes what was copied, and nothing that took its place meanwhile. */
  move(from: string, to: string, options?: CopyOptions): Promise<StoredBlob>

  /** @throws StorageError `not_found`, or `unsupported` where a store has no tags */
  getTags(key: string, options?: CallOptions): Promise<Readonly<Record<string, string>>>

  /** Replaces all tags. Errors as {@link getTags}. */
  setTags(key: string, tags: Readonly<Record<string, string>>, options?: CallOptions): Promise<void>

  /**
   * A request that whoever gets it may make, without credentials, until it expires.
   *
   * @throws StorageError `unsupported` where the store knows no such thing
   */
  presign(key: string, options?: PresignOptions): Promise<PresignedRequest>

  /**
   * A form that a browser may post, with the most bytes it may hold.
   *
   * @throws StorageError `unsupported` where the store knows no such thing
   */
  presignPost(key: string, options: PresignPostOptions): Promise<PresignedPost>

  /** The parts of large uploads, one by one. */
  readonly uploads: MultipartUploads
}

/** Where an object is, within one account. */
export interface BlobLocation {
  readonly bucket: string
  readonly key: string
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What is stored with an object's bytes. */
export interface BlobProperties {
  /** Default `application/octet-stream`, or the type that a Blob or a Response says. */
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  /**
   * Names of `a–z 0–9 _ -`, values of any well-formed text, at most 2,048 bytes together as they
   * are sent. Azure has no `-` in names.
   */
  readonly metadata?: Readonly<Record<string, string>>
}

/** Options of {@link BlobStore.put}. */
export interface PutOptions extends CallOptions, BlobProperties {
  /** At most 10, where the store has tags. */
  readonly tags?: Readonly<Record<string, string>>
  /** As the store calls it: `STANDARD_IA`, `Cool`, `NEARLINE`. Default: the bucket's. */
  readonly storageClass?: string
  /** Bytes of a stream; fewer or more are `size_mismatch`. Default: unknown. */
  readonly size?: number
  /** The most bytes that are taken. Default: what the store takes. */
  readonly maxBytes?: number
  /** `*`: only where there is no object yet. */
  readonly ifNoneMatch?: '*'
  /** Only where the object is the one with this etag. */
  readonly ifMatch?: string
  /**
   * Computes a checksum of what is sent and has the store compare it, or compares with the one
   * given. `auto` takes one that the store knows, and none where it knows none. Default: none.
   */
  readonly checksum?: ChecksumAlgorithm | 'auto' | ExpectedChecksum
  /**
   * Bytes of a part. Default: the least that holds `size` in the parts the store allows, from 5
   * MiB.
   */
  readonly partBytes?: number
  /**
   * Parts on their way at once, 1 to 16. Memory is about `partBytes × (1 + concurrency)`, and
   * whatever copies the platform makes of parts on their way, on Node none. Default 2.
   */
  readonly concurrency?: number
  /** Hears how many bytes the store has. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined
}

/** How far an upload is. */
export interface UploadProgress {
  /** Bytes that the store has. */
  readonly loaded: number
  /** Bytes in all; `null` while that is unknown. */
  readonly total: number | null
}

/** Options of {@link BlobStore.get}. */
export interface GetOptions extends CallOptions {
  /** Default: all of it. */
  readonly range?: ByteRange
  /** Rejects with `precondition_failed` when the object is another one. */
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  /** Default: the current version. */
  readonly versionId?: string
}

/** Options of {@link BlobStore.head}. */
export interface HeadOptions extends CallOptions {
  /** Default: the current version. */
  readonly versionId?: string
}

/** Options of {@link BlobStore.delete}. */
export interface DeleteOptions extends CallOptions {
  /** Only where the object is the one with this etag, on stores that can. */
  readonly ifMatch?: string
  /** Removes one version for ever. Default: the current one, as the bucket keeps versions. */
  readonly versionId?: string
}

/** Options of {@link BlobStore.list}. */
export interface ListBlobsOptions extends CallOptions {
  /** Only keys that start with this. Default: all. */
  readonly prefix?: string
  /**
   * `/` lists what lies directly under `prefix`, and what lies deeper only as {@link
   * BlobPage.prefixes}.
   */
  readonly delimiter?: '/'
}

/** Options of {@link BlobStore.page}. */
export interface PageBlobsOptions extends ListBlobsOptions {
  /** The cursor of the page before. Default: from the start. */
  readonly cursor?: string
  /** Objects and prefixes on the page, 1 to 1,000. Default 1,000. */
  readonly limit?: number
}

/** One page of a listing. */
export interface BlobPage {
  readonly blobs: readonly BlobSummary[]
  /** What begins alike up to a delimiter, as `photos/2026/`. */
  readonly prefixes: readonly string[]
  /** For the next page; `null` on the last one. */
  readonly cursor: string | null
}

/** What a listing says of an object. */
export interface BlobSummary {
  readonly key: string
  readonly size: number
  /** Without quotes. Changes with the bytes, and says nothing else: it is no checksum. */
  readonly etag: string
  /** ms since 1970, often whole seconds. */
  readonly lastModified: number
}

/** What was written. */
export interface StoredBlob {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
  /** Where the bucket keeps versions. */
  readonly versionId: string | null
  /** Those that the store says it has compared. */
  readonly checksums: BlobChecksums
}

/** What an object is. */
export interface BlobInfo extends BlobSummary {
  readonly contentType: string
  readonly cacheControl: string | null
  readonly contentDisposition: string | null
  readonly contentEncoding: string | null
  readonly contentLanguage: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly storageClass: string | null
  readonly versionId: string | null
  /** Of the whole object, as far as the store knows them. */
  readonly checksums: BlobChecksums
}

/** An object and its bytes. Read `body`, or cancel it: until then it holds a connection. */
export interface BlobContent extends BlobInfo {
  readonly notModified?: undefined
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  /** First and last byte of the part that was asked for; `null` for all of it. */
  readonly range: { readonly start: number; readonly end: number } | null
  /** Bytes of `body`; `null` where the platform has decoded the content encoding on the way. */
  readonly bodySize: number | null
  /** @throws StorageError `too_large` when there are more than `maxBytes`, 64 MiB unless given */
  bytes(maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>
  /** As {@link bytes}, as UTF-8. */
  text(maxBytes?: number): Promise<string>
}

/** The object is still the one whose etag was given. */
export interface NotModified {
  readonly notModified: true
  readonly etag: string
}

/** What became of many keys. */
export interface DeletedBlobs {
  /** Keys that are gone, also those that were not there. */
  readonly deleted: readonly string[]
  readonly failed: readonly { readonly key: string; readonly error: StorageError }[]
}

/** Options of {@link BlobStore.copy}. Properties that are given replace all of the source's. */
export interface CopyOptions extends CallOptions, BlobProperties {
  readonly storageClass?: string
  /** `*`: only where there is no object yet. */
  readonly ifNoneMatch?: '*'
  /** Copies only the version with this etag. */
  readonly ifSourceMatch?: string
}

/** Options of {@link BlobStore.presign}. */
export interface PresignOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** 1 second to 7 days. Default 15 minutes. */
  readonly expiresIn?: Duration
  /**
   * Signs as of the start of a window this long, so that all links of a window are the same and
   * caches hit. It then lives between `expiresIn` and that much longer. Default: none.
   */
  readonly window?: Duration
  /**
   * `PUT`: what is stored, and must be sent so. `GET`: what is answered instead of the object's
   * own.
   */
  readonly contentType?: string
  readonly contentDisposition?: string
  readonly cacheControl?: string
  /** `PUT`: the exact number of bytes, where the store checks it. */
  readonly contentLength?: number
  /** `PUT`: what is stored with it. */
  readonly metadata?: Readonly<Record<string, string>>
  /** `PUT`: only where there is no object yet. */
  readonly ifNoneMatch?: '*'
  /** `GET`: an older version. */
  readonly versionId?: string
}

/** All of a request that may be made without credentials: send exactly these headers with it. */
export interface PresignedRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** A secret: whoever has it may use it. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** ms since 1970. */
  readonly expiresAt: number
}

/** Options of {@link BlobStore.presignPost}. */
export interface PresignPostOptions {
  /** The most bytes that are taken. */
  readonly maxBytes: number
  /** The least bytes that are taken. Default 0. */
  readonly minBytes?: number
  /** 1 second to 7 days. Default 15 minutes. */
  readonly expiresIn?: Duration
  /** The exact type, or a beginning as in `image/`. Default: any. */
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A form to post: all fields, then the file as `file`. */
export interface PresignedPost {
  readonly method: 'POST'
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
  /** ms since 1970. */
  readonly expiresAt: number
  readonly maxBytes: number
}

/** An account, or whatever else holds buckets. */
export interface BlobProvider {
  /** Names the kind, as `s3`. */
  readonly name: string
  /** The bucket that is meant where none is named. */
  readonly defaultBucket: string | null
  /**
   * @param name Default: {@link defaultBucket}
   * @throws StorageError `invalid_key` when it is malformed, `bucket_not_found` when none is named
   */
  bucket(name?: string): BlobStore
}
