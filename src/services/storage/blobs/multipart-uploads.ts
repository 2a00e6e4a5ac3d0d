import type { Duration } from '../../../primitives/duration.ts'
import type {
  BlobProperties,
  CallOptions,
  PresignedRequest,
  PutOptions,
  StoredBlob,
} from './blob-store.ts'

/**
 * Uploads in parts, each step by itself: what {@link BlobStore.put} does, for whoever spreads it
 * over requests, processes or browsers. Everything here is JSON and may be kept.
 */
export interface MultipartUploads {
  /**
   * Begins an upload. It must be completed or aborted: until then stores keep, and charge for, its
   * parts.
   */
  create(key: string, options?: CreateUploadOptions): Promise<BlobUpload>
  /**
   * Writes one part; again under the same number it takes the place of the former. On Google Cloud
   * Storage the last part makes the object, and {@link complete} looks that it is there.
   */
  putPart(upload: BlobUpload, part: NewPart, options?: CallOptions): Promise<UploadedPart>
  /** Parts that the store has, in order. @throws StorageError `upload_not_found` */
  parts(upload: BlobUpload, options?: CallOptions): Promise<readonly UploadedPart[]>
  /**
   * Makes the object of its parts. A lost answer is looked after: it resolves where the object is
   * there all the same.
   *
   * @throws StorageError `upload_not_found`, `upload_conflict`
   */
  complete(
    upload: BlobUpload,
    parts: readonly UploadedPart[],
    options?: CompleteUploadOptions,
  ): Promise<StoredBlob>
  /**
   * A request that writes one part and nothing else, for whoever has no credentials. Complete with
   * what `parts()` then answers.
   *
   * @throws StorageError `unsupported` where the store knows no such thing
   */
  presignPart(upload: BlobUpload, part: PresignPartOptions): Promise<PresignedRequest>
  /** Drops an upload and its parts; none being there is no error. */
  abort(upload: BlobUpload, options?: CallOptions): Promise<void>
  /**
   * Aborts uploads that were begun before `before` (ms since 1970) and never ended.
   *
   * @returns How many
   * @throws StorageError `unsupported` where the store cannot list them
   */
  sweep(options: SweepUploadsOptions): Promise<number>
}

/** Options of {@link MultipartUploads.complete}. */
export interface CompleteUploadOptions extends CallOptions {
  /**
   * Whether somebody may have completed it before and died: then an upload that is gone is looked
   * for as the object that these parts make. Default false.
   */
  readonly again?: boolean
}

/** Options of {@link MultipartUploads.presignPart}. */
export interface PresignPartOptions {
  /** From 1. */
  readonly number: number
  /** Exactly so many bytes. */
  readonly bytes: number
  /** 1 second to 7 days. Default 15 minutes. */
  readonly expiresIn?: Duration
}

/** Options of {@link MultipartUploads.sweep}. */
export interface SweepUploadsOptions extends CallOptions {
  /** ms since 1970. */
  readonly before: number
  /** Spares what was begun before it, ms since 1970. Default: nothing. */
  readonly after?: number
  /** Default: all keys. */
  readonly prefix?: string
  /** Only uploads to exactly this key. Default: all keys. */
  readonly key?: string
}

/** Options of {@link MultipartUploads.create}. */
export interface CreateUploadOptions
  extends CallOptions, BlobProperties, Pick<PutOptions, 'tags' | 'storageClass' | 'ifNoneMatch'> {
  /** Bytes in all. Default: unknown. */
  readonly size?: number
  /** Default: the least that holds `size` in the parts the store allows, from 5 MiB. */
  readonly partBytes?: number
}

/** An upload under way, as JSON. Whoever has it may go on with it. */
export interface BlobUpload {
  readonly key: string
  /** What the store calls it. On Google Cloud Storage a secret. */
  readonly id: string
  /** Bytes of every part but the last. */
  readonly partBytes: number
  /** What the store must be told again when the upload is completed. */
  readonly commit: BlobProperties & Pick<PutOptions, 'tags' | 'storageClass' | 'ifNoneMatch'>
}

/** A part to be written. */
export interface NewPart {
  /** From 1. */
  readonly number: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Whether no part comes after it. */
  readonly last: boolean
}

/** A part that was written, as JSON. */
export interface UploadedPart {
  readonly number: number
  readonly size: number
  readonly etag: string
  /** Where one was asked for: base64. */
  readonly checksum?: string
}
