export { BackendError, type BackendErrorCode } from '../../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { LockError, type LockErrorCode } from '../../../runtime/coordination/locks/lock-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export { createUploadSessions } from './create-upload-sessions.ts'
export type {
  AppendChecksum,
  AppendOptions,
  CreateSessionOptions,
  UploadedObject,
  UploadSession,
  UploadSessions,
  UploadSessionsOptions,
} from './upload-session.ts'
