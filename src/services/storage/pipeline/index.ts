export { BackendError, type BackendErrorCode } from '../../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { LockError, type LockErrorCode } from '../../../runtime/coordination/locks/lock-error.ts'
export { MediaError, type MediaErrorCode } from '../media/media-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export { createFileKeys, type FileKeyFacts, type FileKeysOptions } from './file-key.ts'
export type { TypeSniffer } from './sniff-type.ts'
export {
  createUploadPipeline,
  type FileFacts,
  type FileState,
  type ProcessOptions,
  type QuarantinePlace,
  type RefusalReason,
  type UploadPipeline,
  type UploadPipelineOptions,
  type UploadQuota,
} from './upload-pipeline.ts'
