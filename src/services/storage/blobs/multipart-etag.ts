import { decodeHex, encodeHex } from '../../../primitives/hex.ts'
import { createMd5 } from '../../../primitives/md5.ts'
import type { UploadedPart } from './multipart-uploads.ts'

/**
 * @returns The etag that S3 gives an object of these parts, the MD5 of their MD5s; `null` where
 *   the parts' etags are no MD5s, as with KMS keys
 */
export function multipartEtag(parts: readonly UploadedPart[]): string | null {
  const md5 = createMd5()
  for (const { etag } of parts) {
    const bytes = decodeHex(etag)
    if (bytes?.length !== 16) return null
    md5.update(bytes)
  }
  return `${encodeHex(md5.digest())}-${parts.length}`
}
