export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export type { BlobBody } from './blobs/blob-body.ts'
export type { BlobContent, BlobProvider, BlobStore, PresignedRequest } from './blobs/blob-store.ts'
export { configureStorage } from './files/configure-storage.ts'
export {
  createStorage,
  type FileOptions,
  type ServeFileOptions,
  type Storage,
  type StorageOptions,
  type TranscodeOptions,
  type UploadedFile,
  type UploadOptions,
} from './files/create-storage.ts'
export {
  deleteFile,
  downloadFile,
  generatePresignedUrl,
  resizeImage,
  serveFile,
  transcodeVideo,
  uploadFile,
} from './files/file-functions.ts'
export { MediaError, type MediaErrorCode } from './media/media-error.ts'
export { contentDisposition } from './serving/content-disposition.ts'
export { serveBlob, type ServeBlobOptions } from './serving/serve-blob.ts'
export { StorageError, type StorageErrorCode } from './storage-error.ts'
