import { StorageError } from '../storage-error.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'
import { isBucketName, keyFault } from './key-rule.ts'

/**
 * @returns `key`
 * @throws StorageError `invalid_key`
 */
export function checkBlobKey(
  key: string,
  { backslashes }: Pick<BlobCapabilities, 'backslashes'> = { backslashes: true },
): string {
  const why =
    keyFault(key) ??
    (key === '' ? 'is empty' : null) ??
    (backslashes || !key.includes('\\') ? null : 'has a backslash, a slash here')
  if (why === null) return key
  throw new StorageError('invalid_key', `Cannot use key: it ${why}`)
}

/**
 * The same rule for the beginning of keys, which may be empty and may end anywhere.
 *
 * @throws StorageError `invalid_key`
 */
export function checkBlobPrefix(prefix: string): string {
  // What a prefix ends with may go on: `a/..` is the beginning of `a/..b`.
  const why = keyFault(typeof prefix === 'string' ? prefix.replace(/\.{1,2}$/, '') : prefix)
  if (why === null) return prefix
  throw new StorageError('invalid_key', `Cannot use prefix: it ${why}`)
}

/**
 * @returns `bucket`
 * @throws StorageError `invalid_key` when it is not 1 to 255 of `A–Z a–z 0–9 . _ -`, or is dots
 *   alone
 */
export function checkBucketName(bucket: string): string {
  if (isBucketName(bucket)) return bucket
  throw new StorageError(
    'invalid_key',
    'Cannot use bucket: its name is not 1 to 255 of A–Z a–z 0–9 . _ -',
  )
}
