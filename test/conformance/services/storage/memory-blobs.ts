import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import { memoryBlobs } from '../../../../src/services/storage/providers/memory/memory-blobs.ts'
import { suite, type Suite } from '../../suite.ts'
import { edgeSuite, sessionSuite } from './session-suites.ts'

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
    edgeSuite(
      'memory',
      async () => ({ store: memoryBlobs().bucket('laws'), fetch: noFetch }),
      4000,
    ),
    sessionSuite('memory', async () => memoryBlobs().bucket('laws'), 4000),
  ]
}

/** Memory presigns nothing. */
async function noFetch(): Promise<Response> {
  throw new Error('There is no server')
}
