import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { suite, type Suite } from '../../suite.ts'
import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import { edgeLaws } from './edge-laws.ts'
import { sessionLaws } from './session-laws.ts'

/** Upload sessions on one kind of store. */
export function sessionSuite(
  adapter: string,
  open: () => Promise<BlobStore>,
  partBytes: number,
): Suite {
  return suite('UploadSessions', adapter, sessionLaws, { open, partBytes })
}

/** What stands on stores, on one kind of store. */
export function edgeSuite(
  adapter: string,
  open: () => Promise<{ readonly store: BlobStore; readonly fetch: FetchClient }>,
  partBytes: number,
): Suite {
  return suite('Files at the edge', adapter, edgeLaws, { open, partBytes })
}
