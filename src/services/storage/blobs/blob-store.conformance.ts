import type { Law } from '../../../runtime/ports/conformance.ts'
import type { BlobStore } from './blob-store.ts'
import { conditionLaws } from './laws/condition-laws.ts'
import { copyLaws } from './laws/copy-laws.ts'
import { keyLaws } from './laws/key-laws.ts'
import { listLaws } from './laws/list-laws.ts'
import { objectLaws } from './laws/object-laws.ts'
import { rangeLaws } from './laws/range-laws.ts'
import { streamLaws } from './laws/stream-laws.ts'
import { uploadLaws } from './laws/upload-laws.ts'

/** What an adapter supplies to have {@link blobStoreLaws} run against it. */
export interface BlobStoreHarness {
  /** Opens an empty bucket. */
  open(): Promise<BlobStore>
  /** Opens two empty buckets of one account. */
  openTwo(): Promise<readonly [BlobStore, BlobStore]>
}

/** What every {@link BlobStore} keeps to; an adapter is correct when it passes them. */
export const blobStoreLaws: readonly Law<BlobStoreHarness>[] = [
  ...objectLaws,
  ...keyLaws,
  ...rangeLaws,
  ...conditionLaws,
  ...listLaws,
  ...copyLaws,
  ...streamLaws,
  ...uploadLaws,
]
