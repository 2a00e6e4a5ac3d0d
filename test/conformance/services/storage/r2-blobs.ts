import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import type { R2BucketLike } from '../../../../src/services/storage/providers/r2/r2-binding.ts'
import { r2 } from '../../../../src/services/storage/providers/r2/r2.ts'
import { suite, type Suite } from '../../suite.ts'
import { edgeSuite, sessionSuite } from './session-suites.ts'

/** The laws on the R2 bindings of workerd. */
export function r2BlobsSuites({
  ONE,
  TWO,
}: {
  readonly ONE: R2BucketLike
  readonly TWO: R2BucketLike
}): readonly Suite[] {
  const provider = r2({ one: ONE, two: TWO })
  return [
    suite(
      'BlobStore',
      'r2',
      blobStoreLaws,
      {
        async open() {
          await clear(ONE)
          return provider.bucket('one')
        },
        async openTwo() {
          await clear(ONE)
          await clear(TWO)
          return [provider.bucket('one'), provider.bucket('two')] as const
        },
      },
      {
        conditionalDelete: 'a binding deletes without conditions',
        conditionalParts: 'a binding completes uploads without conditions',
        tags: 'R2 has no tags',
        listParts: 'a binding does not tell the parts of an upload',
        listUploads: 'a binding does not list uploads',
      },
    ),
    edgeSuite(
      'r2',
      async () => {
        await clear(ONE)
        return { store: provider.bucket('one'), fetch: noFetch }
      },
      5 * 2 ** 20,
    ),
    sessionSuite(
      'r2',
      async () => {
        await clear(ONE)
        return provider.bucket('one')
      },
      5 * 2 ** 20,
    ),
  ]
}

async function clear(bucket: R2BucketLike): Promise<void> {
  for (;;) {
    const { objects, truncated } = await bucket.list()
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key))
    if (!truncated) return
  }
}

/** A binding presigns nothing. */
async function noFetch(): Promise<Response> {
  throw new Error('There is no server')
}
