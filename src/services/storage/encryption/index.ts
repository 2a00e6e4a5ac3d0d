export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export {
  createEncryptedBlobs,
  type EncryptedBlobs,
  type EncryptedBlobsOptions,
  type EncryptedInfo,
} from './encrypted-blobs.ts'
