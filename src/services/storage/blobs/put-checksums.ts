import { encodeBase64 } from '../../../primitives/base64.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobCapabilities } from './blob-capabilities.ts'
import type { PutOptions } from './blob-store.ts'
import {
  checksumOf,
  createChecksum,
  type ChecksumAlgorithm,
  type ExpectedChecksum,
  type RunningChecksum,
} from './checksum.ts'

/** Checksums of a body on its way: what the store is to compare, and what the caller said. */
export interface PutChecksums {
  /** What the store compares; `null` where it compares nothing and this does it alone. */
  readonly algorithm: ChecksumAlgorithm | null
  /** Takes the next bytes of the whole. */
  update(bytes: Uint8Array): void
  /** @throws StorageError `checksum_mismatch` when the whole is not what the caller said */
  check(): void
  /** @returns What the store is to compare these bytes with */
  of(bytes: Uint8Array<ArrayBuffer>): Promise<ExpectedChecksum | null>
  /** @returns The checksum of all so far, where it is one that pieces make together */
  whole(): ExpectedChecksum | null
  /** @returns The same for a body that goes in parts. @throws StorageError `unsupported` */
  inParts(): PutChecksums
}

/** @throws StorageError `unsupported` when nobody would compare it */
export function createPutChecksums(
  wanted: NonNullable<PutOptions['checksum']>,
  capabilities: BlobCapabilities,
): PutChecksums {
  const expected = typeof wanted === 'object' ? wanted : null
  const named = expected?.algorithm ?? (wanted === 'auto' ? null : (wanted as ChecksumAlgorithm))
  if (named !== null) createChecksum(named)

  function algorithmOf(known: readonly ChecksumAlgorithm[]): ChecksumAlgorithm | null {
    if (named === null) return known[0] ?? null
    if (known.includes(named)) return named
    // What the caller says is compared here in any case.
    if (expected !== null) return null
    throw new StorageError(
      'unsupported',
      `Cannot write object: this store compares ${known.join(', ') || 'no checksums'}`,
    )
  }

  return checksumsOf(algorithmOf(capabilities.checksums), expected, () =>
    algorithmOf(capabilities.partChecksums),
  )
}

function checksumsOf(
  algorithm: ChecksumAlgorithm | null,
  expected: ExpectedChecksum | null,
  partAlgorithm: () => ChecksumAlgorithm | null,
): PutChecksums {
  const isCrc = algorithm === 'crc32c' || algorithm === 'crc64nvme'
  const running = new Map<ChecksumAlgorithm, RunningChecksum>()
  if (expected !== null) running.set(expected.algorithm, createChecksum(expected.algorithm))
  if (isCrc && !running.has(algorithm)) running.set(algorithm, createChecksum(algorithm))
  let told: string | undefined

  return {
    algorithm,
    update(bytes) {
      for (const checksum of running.values()) checksum.update(bytes)
    },
    check() {
      if (expected === null) return
      told ??= running.get(expected.algorithm)?.value()
      if (told !== expected.value)
        throw new StorageError(
          'checksum_mismatch',
          'Cannot write object: its bytes have another checksum than the one that was given',
        )
    },
    async of(bytes) {
      if (algorithm === null) return null
      const value =
        algorithm === 'sha-256'
          ? encodeBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
          : checksumOf(algorithm, bytes)
      return { algorithm, value }
    },
    whole: () => (isCrc ? { algorithm, value: running.get(algorithm)?.value() ?? '' } : null),
    inParts: () => checksumsOf(partAlgorithm(), expected, partAlgorithm),
  }
}
