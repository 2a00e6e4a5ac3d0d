import type { BlobDriver, BlobWriter } from './blob-driver.ts'
import type { BlobStore } from './blob-store.ts'
import type { DriverCalls } from './driver-calls.ts'
import type { createPutChecksums } from './put-checksums.ts'

/** What writing works with. */
export interface WriteContext {
  readonly driver: BlobWriter
  readonly call: DriverCalls
  /** Loads the algorithms, which are larger than all else. Absent: there are no checksums. */
  readonly loadChecksums?: () => Promise<{ readonly createPutChecksums: typeof createPutChecksums }>
}

/** What all calls of a store work with. */
export interface BlobContext extends WriteContext {
  readonly driver: BlobDriver
  /** Opens a bucket of the same account. */
  readonly open: (bucket: string) => BlobStore
  /** ms since 1970. */
  readonly now: () => number
}
