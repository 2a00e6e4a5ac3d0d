import { encodeBase64 } from '../../../primitives/base64.ts'
import { createCrc32c, createCrc64Nvme } from '../../../primitives/crc.ts'
import { createMd5 } from '../../../primitives/md5.ts'
import { createSha256 } from '../../../primitives/sha256.ts'

/** Checksums that stores compare what they get with. */
export type ChecksumAlgorithm = 'sha-256' | 'crc32c' | 'crc64nvme' | 'md5'

interface Hash {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

const CREATE: Readonly<Record<ChecksumAlgorithm, () => Hash>> = {
  'sha-256': createSha256,
  crc32c: createCrc32c,
  crc64nvme: createCrc64Nvme,
  md5: createMd5,
}

/** Checksums by their algorithm, in base64 of the bytes, big-endian. */
export type BlobChecksums = Readonly<Partial<Record<ChecksumAlgorithm, string>>>

/** A checksum that the body must have. */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64 of its bytes, big-endian. */
  readonly value: string
}

/** A checksum of bytes that come piece by piece. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void
  /** @returns Base64; nothing may be added afterwards, unless it is a CRC */
  value(): string
}

/** @throws TypeError when the algorithm is not known */
export function createChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  if (!Object.hasOwn(CREATE, algorithm))
    throw new TypeError(
      `Cannot compute checksum: its algorithm is unknown, ${Object.keys(CREATE).join(', ')} expected`,
    )
  const checksum = CREATE[algorithm]()
  return {
    update: (bytes) => checksum.update(bytes),
    value: () => encodeBase64(checksum.digest()),
  }
}

/** @returns The checksum of `bytes` in base64 */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = createChecksum(algorithm)
  checksum.update(bytes)
  return checksum.value()
}
