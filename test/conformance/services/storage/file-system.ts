import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import { fileSystem } from '../../../../src/services/storage/providers/file-system/file-system.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionSuite } from './session-suites.ts'

/** The laws on files, where the runtime has some. */
export function fileSystemSuites(): readonly Suite[] {
  const open = async () => fileSystem(await mkdtemp(join(tmpdir(), 'blobs-')), { sync: false })
  return [
    suite(
      'BlobStore',
      'file system',
      blobStoreLaws,
      {
        open: async () => (await open()).bucket('laws'),
        openTwo: async () => {
          const provider = await open()
          return [provider.bucket('one'), provider.bucket('two')] as const
        },
      },
      { keysInKeys: 'a file is no folder: a key cannot be the folder of another one' },
    ),
    sessionSuite('file system', async () => (await open()).bucket('laws'), 4000),
  ]
}
