import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import { memoryBlobs } from '../../../../src/services/storage/providers/memory/memory-blobs.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionSuite } from './session-suites.ts'

/** The store in memory, which all others are compared with. */
export function memoryBlobsSuites(): readonly Suite[] {
  return [
    suite('BlobStore', 'memory', blobStoreLaws, {
      open: async () => memoryBlobs().bucket('laws'),
      openTwo: async () => {
        const provider = memoryBlobs()
        return [provider.bucket('one'), provider.bucket('two')] as const
      },
    }),
    sessionSuite('memory', async () => memoryBlobs().bucket('laws'), 4000),
  ]
}
