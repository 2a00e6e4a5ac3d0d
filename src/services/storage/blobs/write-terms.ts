import { checkInteger } from '../../../primitives/check-range.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'
import type { DriverWrite } from './blob-driver.ts'
import { checkProperties, PROPERTY_NAMES } from './blob-properties.ts'
import { checkTags } from './blob-tags.ts'
import { need } from './need.ts'
import type { PutOptions } from './blob-store.ts'

const MIB = 1_048_576
/** The least part that S3 takes, and so the least memory that a stream costs. */
const DEFAULT_PART_BYTES = 5 * MIB

/** Names of {@link PutOptions}. */
export const PUT_OPTIONS: readonly (keyof PutOptions)[] = [
  ...PROPERTY_NAMES,
  'tags',
  'storageClass',
  'size',
  'maxBytes',
  'ifNoneMatch',
  'ifMatch',
  'checksum',
  'partBytes',
  'concurrency',
  'onProgress',
  'signal',
]

/** What is written beside the bytes, checked. */
export type WriteTerms = Omit<DriverWrite, 'signal'>

/**
 * @param contentType What the body itself says it is
 * @throws StorageError `unsupported`; TypeError or RangeError when an option is malformed
 */
export function checkWriteTerms(
  options: PutOptions,
  capabilities: BlobCapabilities,
  contentType: string | null = null,
): WriteTerms {
  const { ifMatch, ifNoneMatch, storageClass, tags } = options
  if ((ifNoneMatch ?? '*') !== '*' || (ifNoneMatch !== undefined && ifMatch !== undefined))
    throw new TypeError("Cannot write object: either ifMatch or ifNoneMatch: '*' expected")
  if (ifNoneMatch !== undefined) need(capabilities, 'createOnly')
  if (ifMatch !== undefined) need(capabilities, 'replaceOnly')
  if (storageClass !== undefined) need(capabilities, 'storageClasses')
  if (!/^\w{1,64}$/.test(storageClass ?? '_'))
    throw new TypeError('Cannot write object: storageClass is no word')
  return {
    properties: checkProperties(options, capabilities, contentType),
    tags: tags === undefined ? undefined : checkTags(tags, capabilities),
    storageClass,
    ifNoneMatch,
  }
}

/**
 * @returns How large the parts of a body are
 * @throws RangeError when `wanted` is no size that the store takes
 */
export function partBytesFor(
  size: number | null | undefined,
  wanted: number | undefined,
  { parts }: BlobCapabilities,
): number {
  const { minBytes, maxBytes, most, multipleOf } = parts
  const needed = Math.ceil((size ?? 0) / most / MIB) * MIB
  const bytes = wanted ?? Math.min(Math.max(DEFAULT_PART_BYTES, minBytes, needed), maxBytes)
  checkInteger('write object', 'partBytes', bytes, Math.max(minBytes, multipleOf), maxBytes)
  if (bytes % multipleOf === 0) return bytes
  throw new RangeError(`Cannot write object: partBytes is no multiple of ${multipleOf}`)
}
