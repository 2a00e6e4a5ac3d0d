export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export {
  createDirectUploads,
  type BeginDirectOptions,
  type DirectUpload,
  type DirectUploads,
  type DirectUploadsOptions,
} from './direct-uploads.ts'
export {
  createFileTickets,
  type FileTickets,
  type FileTicketsOptions,
  type TicketOptions,
} from './file-tickets.ts'
