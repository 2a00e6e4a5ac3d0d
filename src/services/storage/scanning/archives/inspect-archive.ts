import type { UnscannableReason } from '../virus-scanner.ts'
import { inflate } from './inflate.ts'
import { readZip } from './read-zip.ts'

/** What archives may hold to be looked into to the end. */
export interface ArchiveLimits {
  /** Entries of all archives together. Default 10,000. */
  readonly entries: number
  /** Bytes of one entry. Default 25 MiB. */
  readonly entryBytes: number
  /** Bytes of all entries together. Default 100 MiB. */
  readonly totalBytes: number
  /** Archives within archives. Default 8. */
  readonly depth: number
  /**
   * What becomes of archives that only clamd can open (7z, RAR, CAB), of which nobody knows whether
   * it saw all: `refuse` calls them unscannable. Default `refuse`.
   */
  readonly others: 'refuse' | 'trust'
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  entries: 10_000,
  entryBytes: 26_214_400,
  totalBytes: 104_857_600,
  depth: 8,
  others: 'refuse',
}

/** What is left of the limits while archives are opened one in another. */
interface Budget {
  entries: number
  bytes: number
}

/**
 * Opens a ZIP or gzip file, and those within it, and counts what really comes out: a scanner that
 * stops at a limit calls the rest clean.
 *
 * @returns Why it cannot be looked into to the end; `null` when it can, or is no archive
 */
export async function inspectArchive(
  bytes: Uint8Array<ArrayBuffer>,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
  signal?: AbortSignal,
): Promise<UnscannableReason | null> {
  return inspect(bytes, limits, { entries: limits.entries, bytes: limits.totalBytes }, 0, signal)
}

async function inspect(
  bytes: Uint8Array<ArrayBuffer>,
  limits: ArchiveLimits,
  budget: Budget,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<UnscannableReason | null> {
  if (limits.others === 'refuse' && isOther(bytes)) return 'archive_limit'
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const zip = isGzip ? null : readZip(bytes, Math.max(budget.entries, 0))
  if (typeof zip === 'string') return zip
  if (!isGzip && zip === null) return null
  if (depth >= limits.depth) return 'archive_limit'

  async function open(
    format: 'gzip' | 'deflate-raw',
    data: Uint8Array<ArrayBuffer>,
    size: number | null,
  ): Promise<UnscannableReason | null> {
    signal?.throwIfAborted()
    budget.entries--
    const most = Math.min(limits.entryBytes, budget.bytes)
    if (budget.entries < 0 || (size ?? 0) > most) return 'archive_limit'
    // One byte more than announced is proof enough of a lie.
    const content = await inflate(format, data, size === null ? most : size + 1, signal)
    if (content === 'broken') return 'malformed'
    if (content === 'longer') return size === null ? 'archive_limit' : 'malformed'
    if (size !== null && content.length !== size) return 'malformed'
    budget.bytes -= content.length
    return inspect(content, limits, budget, depth + 1, signal)
  }

  if (zip === null) return open('gzip', bytes, null)
  for (const { stored, data, size } of zip) {
    if (!stored) {
      const reason = await open('deflate-raw', data, size)
      if (reason !== null) return reason
      continue
    }
    budget.entries--
    budget.bytes -= data.length
    if (budget.entries < 0 || budget.bytes < 0 || data.length > limits.entryBytes)
      return 'archive_limit'
    const reason = await inspect(data, limits, budget, depth + 1, signal)
    if (reason !== null) return reason
  }
  return null
}

/** 7z, RAR, CAB. */
const OTHERS = [
  [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
  [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07],
  [0x4d, 0x53, 0x43, 0x46, 0x00, 0x00, 0x00, 0x00],
]

function isOther(bytes: Uint8Array): boolean {
  return OTHERS.some((magic) => magic.every((byte, index) => bytes[index] === byte))
}
