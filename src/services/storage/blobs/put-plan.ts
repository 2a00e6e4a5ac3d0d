import { StorageError } from '../storage-error.ts'
import type { BodySource } from './blob-body.ts'
import type { PutOptions } from './blob-store.ts'
import type { PutChecksums } from './put-checksums.ts'
import type { WriteTerms } from './write-terms.ts'

/** A body on its way, and how it is written. */
export interface PutPlan {
  readonly key: string
  readonly source: BodySource
  readonly size: number | null
  readonly maxBytes: number
  readonly partBytes: number
  readonly concurrency: number
  readonly terms: WriteTerms
  readonly ifMatch: string | undefined
  /** `null` where nobody asked for any. */
  readonly checksums: PutChecksums | null
  readonly onProgress: PutOptions['onProgress']
  /** Ends all of it. */
  readonly stop: AbortController
  readonly signal: AbortSignal
}

/** @throws StorageError `size_mismatch` */
export function checkSize(bytes: number, size: number | null): void {
  if (size !== null && bytes !== size)
    throw new StorageError(
      'size_mismatch',
      `Cannot write object: its body has ${bytes > size ? 'more than' : bytes} bytes, ${size} expected`,
    )
}

export function tooLarge(most: number): StorageError {
  return new StorageError('too_large', `Cannot write object: it has more than ${most} bytes`)
}
