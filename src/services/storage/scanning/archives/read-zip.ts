import { equalBytes } from '../../../../primitives/equal-bytes.ts'
import type { UnscannableReason } from '../virus-scanner.ts'

/** One file of a ZIP archive. */
export interface ZipEntry {
  /** Whether the data is the content as it is; else it is deflated. */
  readonly stored: boolean
  readonly data: Uint8Array<ArrayBuffer>
  /** Bytes of the content, as the archive announces. */
  readonly size: number
}

const END_BYTES = 22
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const MOST_COMMENT_BYTES = 65_535

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const SPANNED = 0x08074b50
const UNKNOWN_16 = 0xffff
const UNKNOWN_32 = 0xffffffff

/**
 * Reads the directory of a ZIP archive (PKWARE APPNOTE 6.3) and compares it with the headers before
 * the files. What two programs could read differently, as files that overlap, is refused.
 *
 * @returns Its files; `null` when it is no ZIP archive; or why it cannot be looked into
 */
export function readZip(
  bytes: Uint8Array<ArrayBuffer>,
  maxEntries: number,
): readonly ZipEntry[] | UnscannableReason | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const looksSo = bytes.length >= 4 && [LOCAL, SPANNED, END].includes(view.getUint32(0, true))
  const ends = findEnds(bytes, view)
  const [end, ...others] = ends
  if (end === undefined) return looksSo ? 'malformed' : null
  if (others.length > 0) return 'malformed'
  const directory = readEnd(view, end)
  if (directory === null) return looksSo ? 'malformed' : null
  if (directory.entries > maxEntries) return 'archive_limit'
  return readEntries(bytes, view, directory)
}

/** Where the directory is. */
interface Directory {
  readonly entries: number
  readonly start: number
  readonly end: number
  /** What stands before the archive, as the program of one that unpacks itself. */
  readonly base: number
}

/** @returns Every place that the end of an archive could be at, the last one first */
function findEnds(bytes: Uint8Array, view: DataView): number[] {
  const found: number[] = []
  const last = view.byteLength - END_BYTES
  const first = Math.max(0, last - MOST_COMMENT_BYTES)
  for (let at = last; at >= first; at--) {
    // Looked for at once, since every file has a comment's length of bytes to look through.
    at = bytes.lastIndexOf(0x50, at)
    if (at < first) break
    if (
      view.getUint32(at, true) === END &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    )
      found.push(at)
  }
  return found
}

function readEnd(view: DataView, at: number): Directory | null {
  if (view.getUint16(at + 4, true) !== 0 && view.getUint16(at + 4, true) !== UNKNOWN_16) return null
  let entries = view.getUint16(at + 10, true)
  let size = view.getUint32(at + 12, true)
  let offset = view.getUint32(at + 16, true)
  let end = at
  if (entries === UNKNOWN_16 || size === UNKNOWN_32 || offset === UNKNOWN_32) {
    const locator = at - 20
    if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64) return null
    end = Number(view.getBigUint64(locator + 8, true))
    if (!(end >= 0 && end + 56 <= locator) || view.getUint32(end, true) !== END_64) return null
    entries = Number(view.getBigUint64(end + 32, true))
    size = Number(view.getBigUint64(end + 40, true))
    offset = Number(view.getBigUint64(end + 48, true))
  }
  const start = end - size
  const base = start - offset
  if (start < 0 || base < 0 || entries * CENTRAL_BYTES > size) return null
  return { entries, start, end, base }
}

/** Where a file's header and data lie. */
interface Span {
  readonly start: number
  readonly end: number
}

function readEntries(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  { entries, start, end, base }: Directory,
): readonly ZipEntry[] | UnscannableReason {
  const found: ZipEntry[] = []
  const spans: Span[] = []
  let at = start
  for (let index = 0; index < entries; index++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) return 'malformed'
    const flags = view.getUint16(at + 8, true)
    const method = view.getUint16(at + 10, true)
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true)
    if (next > end) return 'malformed'
    const name = bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes)
    const extra = { at: at + CENTRAL_BYTES + nameBytes, bytes: extraBytes }
    const sizes = sizesOf(view, at, extra)
    at = next
    if (sizes === null) return 'malformed'
    if ((flags & 1) !== 0) return 'encrypted'
    const local = base + sizes.offset
    if (local + LOCAL_BYTES > start || view.getUint32(local, true) !== LOCAL) return 'malformed'
    if ((view.getUint16(local + 6, true) & 1) !== 0) return 'encrypted'
    const localName = local + LOCAL_BYTES
    const data = localName + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    const dataEnd = data + sizes.compressed
    if (
      dataEnd > start ||
      view.getUint16(local + 8, true) !== method ||
      view.getUint16(local + 26, true) !== nameBytes ||
      !equalBytes(bytes.subarray(localName, localName + nameBytes), name)
    )
      return 'malformed'
    if (method !== 0 && method !== 8) return 'archive_limit'
    if (method === 0 && sizes.compressed !== sizes.size) return 'malformed'
    spans.push({ start: local, end: dataEnd })
    found.push({ stored: method === 0, data: bytes.subarray(data, dataEnd), size: sizes.size })
  }
  return at === end && !overlap(spans) ? found : 'malformed'
}

interface Sizes {
  readonly size: number
  readonly compressed: number
  readonly offset: number
}

/** Reads sizes and offset of an entry, from the ZIP64 field where they do not fit 32 bits. */
function sizesOf(
  view: DataView,
  at: number,
  extra: { readonly at: number; readonly bytes: number },
): Sizes | null {
  let compressed = view.getUint32(at + 20, true)
  let size = view.getUint32(at + 24, true)
  let offset = view.getUint32(at + 42, true)
  if (![compressed, size, offset].includes(UNKNOWN_32)) return { size, compressed, offset }
  const last = extra.at + extra.bytes
  for (let field = extra.at; field + 4 <= last; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue
    const end = field + 4 + view.getUint16(field + 2, true)
    let value = field + 4
    const read = (): number => {
      if (value + 8 > Math.min(end, last)) return Number.MAX_SAFE_INTEGER
      value += 8
      return Number(view.getBigUint64(value - 8, true))
    }
    if (size === UNKNOWN_32) size = read()
    if (compressed === UNKNOWN_32) compressed = read()
    if (offset === UNKNOWN_32) offset = read()
    return { size, compressed, offset }
  }
  return null
}

function overlap(spans: readonly Span[]): boolean {
  const sorted = spans.toSorted((a, b) => a.start - b.start)
  return sorted.some(({ start }, index) => index > 0 && start < (sorted[index - 1]?.end ?? 0))
}
