import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionLaws } from './session-laws.ts'

/** Upload sessions on one kind of store. */
export function sessionSuite(
  adapter: string,
  open: () => Promise<BlobStore>,
  partBytes: number,
): Suite {
  return suite('UploadSessions', adapter, sessionLaws, { open, partBytes })
}
