import { systemClock } from '../../../../src/runtime/ports/platform/clock.ts'
import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import type { BlobProvider } from '../../../../src/services/storage/blobs/blob-store.ts'
import { gcs } from '../../../../src/services/storage/providers/gcs/gcs.ts'
import { createGcsStandin } from '../../../support/gcs-standin.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionSuite } from './session-suites.ts'

/** The laws on a stand-in for Google Cloud Storage, which Google's own client has been driven against. */
export function gcsStandinSuites(): readonly Suite[] {
  const open = async (...buckets: readonly string[]): Promise<BlobProvider> => {
    const { fetch, serviceAccount, createBucket } = await createGcsStandin(systemClock)
    for (const bucket of buckets) createBucket(bucket)
    return gcs({ serviceAccount, fetch })
  }
  return [
    suite(
      'BlobStore',
      'gcs (stand-in)',
      blobStoreLaws,
      {
        open: async () => (await open('laws')).bucket('laws'),
        openTwo: async () => {
          const provider = await open('one', 'two')
          return [provider.bucket('one'), provider.bucket('two')] as const
        },
      },
      {
        tags: 'Google Cloud Storage has no tags',
        parallelParts: 'parts of a resumable upload come one after the other',
        listUploads: 'Google does not list uploads; it drops them after a week',
      },
    ),
    sessionSuite('gcs (stand-in)', async () => (await open('laws')).bucket('laws'), 2 ** 18),
  ]
}
