import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Service } from '../../../runtime/ports/service.ts'
import type { BlobBody } from '../blobs/blob-body.ts'
import type { BlobStore, CallOptions } from '../blobs/blob-store.ts'
import type { CreateUploadOptions } from '../blobs/multipart-uploads.ts'

/** Options of {@link createUploadSessions}. */
export interface UploadSessionsOptions {
  /** Remembers how far each upload is. */
  readonly backend: Pick<Backend, 'store'>
  /** Where the objects go, as `storage.bucket('s3', 'videos')`. */
  readonly store: BlobStore
  /**
   * Tells sessions of several stores in one backend apart, 1 to 64 of `A–Z a–z 0–9 . _ -`.
   * Default: the bucket's name.
   */
  readonly name?: string
  /**
   * Begins the keys of what is kept between two appends until it fills a part. Default `.uploads/`.
   */
  readonly prefix?: string
  /** The most bytes of an object. Default: what 10,000 parts hold, or what the store takes. */
  readonly maxBytes?: number
  /** Bytes of a part, and so of memory. Default: the least that holds the size, from 5 MiB. */
  readonly partBytes?: number
  /** How long an upload is kept after its last byte, 1 minute to 6 days. Default 1 day. */
  readonly expiresIn?: Duration
  /** How long an append of a dead process keeps others out, 1 s to 10 minutes. Default 30 s. */
  readonly lease?: Duration
  /**
   * How long a body may say nothing before it counts as broken off, and another append may go on, 1
   * s to 10 minutes. Default 30 s.
   */
  readonly idle?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** An upload that goes on in any process, at any time, until it is complete or expires. */
export interface UploadSession {
  /** 22 random characters. Whoever has it may go on with the upload. */
  readonly id: string
  readonly key: string
  readonly state: 'open' | 'completed'
  /** Bytes that are stored for good: where the next append begins. */
  readonly offset: number
  /** Bytes in all; `null` while nobody has said. */
  readonly size: number | null
  /** What was given to `create`. */
  readonly note: Json
  /** ms since 1970; each append puts it off. */
  readonly expiresAt: number
  /** What it has become; `null` while it is open. */
  readonly object: UploadedObject | null
}

/** An object that a session has become. */
export interface UploadedObject {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
}

/** Options of {@link UploadSessions.create}. */
export interface CreateSessionOptions extends Omit<CreateUploadOptions, 'partBytes'> {
  /** Where the object goes. */
  readonly key: string
  /** Kept with the session, at most 16 KiB as JSON. Default `null`. */
  readonly note?: Json
  /** Drops the object too when the session is aborted or expires. Default false. */
  readonly temporary?: boolean
}

/** Options of {@link UploadSessions.append}. */
export interface AppendOptions extends CallOptions {
  /** Where the bytes begin; it must be the session's offset. */
  readonly offset: number
  readonly body: BlobBody
  /** Bytes in all, where `create` was not told. */
  readonly size?: number
  /**
   * What the body must be. It is then read whole before any of it is stored, and may not be longer
   * than a part.
   */
  readonly checksum?: AppendChecksum
}

/** A checksum of one append. */
export interface AppendChecksum {
  readonly algorithm: 'sha1' | 'sha256' | 'md5' | 'crc32'
  /** Base64. */
  readonly value: string
}

/** Uploads that survive the process: create, append where the offset is, and they complete. */
export interface UploadSessions extends Service {
  readonly maxBytes: number
  /** Where the objects go. */
  readonly store: BlobStore
  /** Begins an upload. Nothing is asked of the store yet. @throws StorageError, RangeError */
  create(options: CreateSessionOptions): Promise<UploadSession>
  /**
   * @returns How far it is, or `null` when it was aborted, has expired or was never begun
   * @throws BackendError
   */
  get(id: string): Promise<UploadSession | null>
  /**
   * Stores what follows, in constant memory; with the last byte the object is made. Of a body that
   * breaks off, what has arrived is kept. One append at a time.
   *
   * @throws StorageError `upload_not_found`; `upload_conflict` when the offset is another one;
   *   `upload_locked` while another append runs; `interrupted` when the body broke off;
   *   `too_large`; `checksum_mismatch`
   */
  append(id: string, options: AppendOptions): Promise<UploadSession>
  /**
   * Makes the object of what has come, where no size was given. Again it answers the same.
   *
   * @throws StorageError `upload_not_found`, `upload_locked`; `size_mismatch` where bytes miss
   */
  complete(id: string, options?: CallOptions): Promise<UploadSession>
  /** Drops an upload and all that is stored of it; none being there is no error. */
  abort(id: string, options?: CallOptions): Promise<void>
  /** Drops every upload that has expired. For a Cron Trigger or a scheduled job. */
  sweep(): Promise<void>
}
