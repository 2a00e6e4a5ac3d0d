import { StorageError } from '../storage-error.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'

/** @throws StorageError `unsupported` when the store cannot do it */
export function need(
  capabilities: BlobCapabilities,
  name:
    | 'createOnly'
    | 'replaceOnly'
    | 'conditionalParts'
    | 'conditionalDelete'
    | 'storageClasses'
    | 'tags',
): void {
  if (!capabilities[name])
    throw new StorageError('unsupported', `Cannot use store: it is not capable of ${name}`)
}
