import type { CheckedProperties } from './blob-properties.ts'
import type { BlobInfo } from './blob-store.ts'

/** @returns What was stored with an object, to be stored again */
export function propertiesOf(info: BlobInfo): CheckedProperties {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage } = info
  return {
    contentType,
    ...(cacheControl !== null && { cacheControl }),
    ...(contentDisposition !== null && { contentDisposition }),
    ...(contentEncoding !== null && { contentEncoding }),
    ...(contentLanguage !== null && { contentLanguage }),
    metadata: info.metadata,
  }
}
