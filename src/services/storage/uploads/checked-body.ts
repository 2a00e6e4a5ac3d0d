import { decodeBase64 } from '../../../primitives/base64.ts'
import { crc32 } from '../../../primitives/crc32.ts'
import { equalBytes } from '../../../primitives/equal-bytes.ts'
import { createMd5 } from '../../../primitives/md5.ts'
import type { BlobBody } from '../blobs/blob-body.ts'
import { StorageError } from '../storage-error.ts'
import { openPieces, type BodyPatience } from './body-pieces.ts'
import { interrupted } from './session-writer.ts'
import type { AppendChecksum } from './upload-session.ts'

const DIGESTS: Readonly<
  Record<
    AppendChecksum['algorithm'],
    (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>
  >
> = {
  sha1: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)),
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)),
  md5(bytes) {
    const md5 = createMd5()
    md5.update(bytes)
    return md5.digest()
  },
  crc32(bytes) {
    const value = new Uint8Array(4)
    new DataView(value.buffer).setUint32(0, crc32(bytes))
    return value
  },
}

/** Algorithms of {@link AppendChecksum}. */
export const APPEND_CHECKSUMS: readonly string[] = Object.keys(DIGESTS)

/**
 * Reads a body whole and compares it.
 *
 * @throws StorageError `checksum_mismatch`, or `too_large` for more than `maxBytes`
 */
export async function checkedBody(
  body: BlobBody,
  { algorithm, value }: AppendChecksum,
  maxBytes: number,
  patience: BodyPatience,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!Object.hasOwn(DIGESTS, algorithm))
    throw new TypeError(
      `Cannot compare checksum: its algorithm is unknown, ${APPEND_CHECKSUMS.join(', ')} expected`,
    )
  const pieces = openPieces(body, patience)
  const { bytes, failure } = await pieces.next(maxBytes + 1)
  if (failure !== null) throw interrupted(failure.reason)
  if (bytes.length > maxBytes) {
    pieces.cancel('too large')
    throw new StorageError(
      'too_large',
      `Cannot append: at most ${maxBytes} bytes are compared with a checksum at once`,
    )
  }
  const expected = decodeBase64(value)
  if (expected !== null && equalBytes(expected, await DIGESTS[algorithm](bytes))) return bytes
  throw new StorageError('checksum_mismatch', 'Cannot append: the bytes have another checksum')
}
