import type { BlobCapabilities } from './blob-capabilities.ts'
import { entriesOf } from './blob-properties.ts'
import { need } from './need.ts'

const MAX_TAGS = 10
const FORM = /^[\p{L}\p{N} +\-=._:/@]*$/u

/** @throws StorageError `unsupported`, RangeError when there are too many or one is malformed */
export function checkTags(
  tags: Readonly<Record<string, string>>,
  capabilities: BlobCapabilities,
): Readonly<Record<string, string>> {
  need(capabilities, 'tags')
  const entries = entriesOf('tags', tags)
  if (
    entries.length <= MAX_TAGS &&
    entries.every(([name, value]) => name !== '' && isTagText(name, 128) && isTagText(value, 256))
  )
    return Object.fromEntries(entries)
  throw new RangeError(
    `Cannot tag object: at most ${MAX_TAGS} tags expected, letters, digits, spaces and + - = . _ : / @, ` +
      'names of 1 to 128 characters, values of at most 256',
  )
}

function isTagText(text: unknown, most: number): boolean {
  return typeof text === 'string' && text.length <= most && FORM.test(text)
}
