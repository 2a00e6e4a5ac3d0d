import type { ChecksumAlgorithm } from './checksum.ts'

/** What a store can do. What it cannot it refuses with `unsupported`; nothing is ignored. */
export interface BlobCapabilities {
  /** The most bytes of an object. */
  readonly maxBytes: number
  /** The most bytes that one request writes; what is longer goes in parts. */
  readonly maxPutBytes: number
  readonly parts: PartRules
  /** Checksums that the store compares what it gets with; the first is what `auto` means. */
  readonly checksums: readonly ChecksumAlgorithm[]
  /** Those among them that it compares parts with too. */
  readonly partChecksums: readonly ChecksumAlgorithm[]
  /** `put` with `ifNoneMatch: '*'`. */
  readonly createOnly: boolean
  /** `put` with `ifMatch`. */
  readonly replaceOnly: boolean
  /** Both also where an object is made of parts, and `ifNoneMatch` where it is a copy. */
  readonly conditionalParts: boolean
  /** `delete` with `ifMatch`. */
  readonly conditionalDelete: boolean
  readonly tags: boolean
  readonly storageClasses: boolean
  /** Metadata names may have `-`. */
  readonly metadataHyphens: boolean
  /** Keys may have `\\`, and it is no slash. */
  readonly backslashes: boolean
  /** A key may be the folder of another one, as `a` beside `a/b`. */
  readonly keysInKeys: boolean
  /** `server`: the store copies by itself. `stream`: the bytes come through this process. */
  readonly copy: 'server' | 'stream'
  readonly presign: readonly ('GET' | 'HEAD' | 'PUT' | 'DELETE')[]
  readonly presignPost: boolean
  /** Whether a part of an upload can be presigned, so that nothing else can be sent with it. */
  readonly presignParts: boolean
  /** Whether it tells which parts of an upload it has. */
  readonly listParts: boolean
  /** Whether uploads that were begun and never ended can be found, and so swept. */
  readonly listUploads: boolean
}

/** What parts of an upload have to be like. */
export interface PartRules {
  /** The least bytes of every part but the last. */
  readonly minBytes: number
  readonly maxBytes: number
  /** The most parts. */
  readonly most: number
  /** Every part but the last has the same size. */
  readonly equal: boolean
  /** Parts may be on their way at the same time, in any order. */
  readonly parallel: boolean
  /** Sizes of all parts but the last are multiples of this. */
  readonly multipleOf: number
}
