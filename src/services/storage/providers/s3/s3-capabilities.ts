import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const CAPABILITIES: BlobCapabilities = {
  maxBytes: 50_000 * GIB,
  maxPutBytes: 5 * GIB,
  parts: {
    minBytes: 5 * MIB,
    maxBytes: 5 * GIB,
    most: 10_000,
    // R2 wants it, and nobody minds.
    equal: true,
    parallel: true,
    multipleOf: 1,
  },
  checksums: ['crc64nvme', 'crc32c', 'sha-256', 'md5'],
  partChecksums: ['crc64nvme', 'crc32c', 'sha-256', 'md5'],
  createOnly: true,
  replaceOnly: true,
  conditionalParts: true,
  conditionalDelete: true,
  tags: true,
  storageClasses: true,
  metadataHyphens: true,
  backslashes: true,
  keysInKeys: true,
  copy: 'server',
  presign: ['GET', 'HEAD', 'PUT', 'DELETE'],
  presignPost: true,
  presignParts: true,
  listParts: true,
  listUploads: true,
}

/**
 * What S3 of AWS can do, and what one may count on elsewhere: others leave conditions on deleting
 * and on completing an upload unread.
 */
export function s3Capabilities(endpoint: string | undefined): BlobCapabilities {
  const ours = endpoint === undefined
  return { ...CAPABILITIES, conditionalParts: ours, conditionalDelete: ours }
}
