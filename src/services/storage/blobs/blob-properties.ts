import { percentDecode } from '../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'
import type { BlobProperties } from './blob-store.ts'
import { StorageError } from '../storage-error.ts'

/** Names of {@link BlobProperties} that are headers. */
const HEADER_NAMES = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentLanguage',
] as const

/** Names of {@link BlobProperties}. */
export const PROPERTY_NAMES: readonly (keyof BlobProperties)[] = [...HEADER_NAMES, 'metadata']

const MAX_METADATA_BYTES = 2048

/** Properties with their type, and nothing that is not given. */
export type CheckedProperties = BlobProperties & { readonly contentType: string }

/**
 * @param contentType What the body itself says it is
 * @throws TypeError or RangeError when a property cannot be sent as it is
 * @throws StorageError `unsupported` when the store takes no such name
 */
export function checkProperties(
  options: BlobProperties,
  { metadataHyphens }: BlobCapabilities,
  contentType: string | null = null,
): CheckedProperties {
  const given = HEADER_NAMES.flatMap((name) => {
    const value = options[name]
    return value === undefined ? [] : [[name, checkHeaderValue(name, value)] as const]
  })
  const properties: BlobProperties = Object.fromEntries(given)
  const { metadata } = options
  return {
    contentType: checkHeaderValue('contentType', contentType ?? 'application/octet-stream'),
    ...properties,
    ...(metadata !== undefined && { metadata: checkMetadata(metadata, metadataHyphens) }),
  }
}

/** @throws TypeError when `value` is no text that a header can hold */
export function checkHeaderValue(name: string, value: unknown): string {
  // Beyond ASCII the bytes on the wire and those that are signed differ.
  if (
    typeof value === 'string' &&
    value.length <= 2048 &&
    /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value)
  )
    return value
  throw new TypeError(
    `Cannot write object: ${name} is no header value, at most 2048 printable characters of ASCII expected`,
  )
}

/** @throws TypeError when it is no object, of which there would be no entries */
export function entriesOf(
  name: string,
  record: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const given: unknown = record
  if (typeof given === 'object' && given !== null) return Object.entries(record)
  throw new TypeError(`Cannot write object: ${name} is no object, one expected`)
}

function checkMetadata(
  metadata: Readonly<Record<string, string>>,
  hyphens: boolean,
): Readonly<Record<string, string>> {
  let bytes = 0
  const entries = entriesOf('metadata', metadata)
  for (const [name, value] of entries) {
    if (!/^[a-z_][a-z0-9_-]{0,127}$/.test(name))
      throw new RangeError(
        'Cannot write object: a metadata name is malformed, 1 to 128 of a–z 0–9 _ - that begin with no digit expected',
      )
    if (!hyphens && name.includes('-'))
      throw new StorageError(
        'unsupported',
        'Cannot write object: a metadata name has a hyphen, which this store cannot keep',
      )
    if (typeof value !== 'string' || !value.isWellFormed())
      throw new TypeError('Cannot write object: a metadata value is no well-formed text')
    bytes += name.length + encodeMetadata(value).length
  }
  if (bytes > MAX_METADATA_BYTES)
    throw new RangeError(
      `Cannot write object: its metadata has ${bytes} bytes as they are sent, at most ${MAX_METADATA_BYTES} allowed`,
    )
  return Object.fromEntries(entries)
}

/**
 * Any text as ASCII that a header carries unchanged: what else there is, and `%`, as `%XX` of its
 * UTF-8.
 */
export function encodeMetadata(value: string): string {
  return value.replace(/^ +| +$| {2,}|[^\x20-\x24\x26-\x7e]+/gu, (run) =>
    Array.from(
      encodeUtf8(run),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  )
}

/**
 * @returns What {@link encodeMetadata} was given, or `value` itself where others wrote it otherwise
 */
export function decodeMetadata(value: string): string {
  return percentDecode(value)
}
