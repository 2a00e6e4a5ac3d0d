export { BackendError, type BackendErrorCode } from '../../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export {
  createTusHandler,
  type TusHandlerOptions,
  type TusTarget,
  type TusUpload,
} from './create-tus-handler.ts'
