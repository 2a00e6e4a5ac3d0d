import type { BlobProvider, BlobStore } from '@white-cross/reuse/infrastructure/storage'
import { StorageError } from '@white-cross/reuse/infrastructure/storage'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

/** Stores by alias. Nothing else is ever read or written: there are no URLs. */
export type Stores = Readonly<Record<string, BlobProvider>>

/** @throws SidecarError `input_not_found` when no store has this alias */
export function bucketOf(stores: Stores, alias: string, bucket: string): BlobStore {
  const provider = Object.hasOwn(stores, alias) ? stores[alias] : undefined
  if (provider === undefined)
    throw new SidecarError('input_not_found', 'Cannot read input: no store has this alias')
  try {
    return provider.bucket(bucket)
  } catch (error) {
    throw storeFailure(error)
  }
}

/** @returns What the protocol says of a failure of a store's; what is none is given back */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof StorageError)) return error
  const { code } = error
  if (['not_found', 'bucket_not_found', 'invalid_key', 'precondition_failed'].includes(code))
    return new SidecarError('input_not_found', 'Cannot read input: it is not there', {
      cause: error,
    })
  if (code === 'too_large')
    return new SidecarError('input_too_large', 'Cannot read input: it is too large', {
      cause: error,
    })
  return new SidecarError('store_failed', 'Cannot use store: it failed', { cause: error })
}
