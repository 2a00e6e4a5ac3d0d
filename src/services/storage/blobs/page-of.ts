import { compareUtf8 } from '../../../primitives/compare-utf8.ts'
import type { DriverPage } from './blob-driver.ts'
import type { BlobPage, BlobSummary } from './blob-store.ts'

/** One page of objects that are all known, for stores that list by themselves. */
export function pageOf(
  blobs: readonly BlobSummary[],
  { prefix, delimiter, cursor, limit }: Omit<DriverPage, 'signal'>,
): BlobPage {
  const found = blobs
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted((a, b) => compareUtf8(a.key, b.key))
  const kept: BlobSummary[] = []
  const prefixes: string[] = []
  let last = cursor
  for (const { key, size, etag, lastModified } of found) {
    // What a page ends with may be a prefix: then all that begins with it is behind us.
    const behind = last !== null && last.length > prefix.length && last.endsWith('/')
    if (last !== null && compareUtf8(key, last) <= 0) continue
    if (last !== null && behind && delimiter !== undefined && key.startsWith(last)) continue
    if (kept.length + prefixes.length === limit) return { blobs: kept, prefixes, cursor: last }
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
    if (end === -1) kept.push({ key, size, etag, lastModified })
    else prefixes.push(key.slice(0, end + 1))
    last = end === -1 ? key : key.slice(0, end + 1)
  }
  return { blobs: kept, prefixes, cursor: null }
}
