import { systemClock } from '../../../../src/runtime/ports/platform/clock.ts'
import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import type { BlobProvider } from '../../../../src/services/storage/blobs/blob-store.ts'
import { s3 } from '../../../../src/services/storage/providers/s3/s3.ts'
import { createS3Standin } from '../../../support/s3-standin.ts'
import { suite, type Suite } from '../../suite.ts'
import { edgeSuite, sessionSuite } from './session-suites.ts'

/** The laws on a stand-in for S3 that does all that AWS documents; Ceph keeps them too, see s3-peers.ts. */
export function s3StandinSuites(): readonly Suite[] {
  const open = (...buckets: readonly string[]): BlobProvider => {
    const { endpoint, accessKeyId, secretAccessKey, fetch, createBucket } =
      createS3Standin(systemClock)
    for (const bucket of buckets) createBucket(bucket)
    return s3({
      endpoint,
      accessKeyId,
      secretAccessKey,
      fetch,
      capabilities: { conditionalParts: true, conditionalDelete: true },
    })
  }
  return [
    suite('BlobStore', 's3 (stand-in)', blobStoreLaws, {
      open: async () => open('laws').bucket('laws'),
      openTwo: async () => {
        const provider = open('one', 'two')
        return [provider.bucket('one'), provider.bucket('two')] as const
      },
    }),
    edgeSuite(
      's3 (stand-in)',
      async () => {
        const { endpoint, accessKeyId, secretAccessKey, fetch, createBucket } =
          createS3Standin(systemClock)
        createBucket('laws')
        const store = s3({ endpoint, accessKeyId, secretAccessKey, fetch }).bucket('laws')
        return { store, fetch }
      },
      5 * 2 ** 20,
    ),
    sessionSuite('s3 (stand-in)', async () => open('laws').bucket('laws'), 5 * 2 ** 20),
  ]
}
