import { systemClock } from '../../../../src/runtime/ports/platform/clock.ts'
import { decodeBase64 } from '../../../../src/primitives/base64.ts'
import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { createHttpClient } from '../../../../src/services/storage/http/http-client.ts'
import { createAzureClient } from '../../../../src/services/storage/providers/azure-blob/azure-client.ts'
import { azureBlob } from '../../../../src/services/storage/providers/azure-blob/azure-blob.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionSuite } from './session-suites.ts'

/** Where Azurite is, as `tools/start-peers.ts` says it; empty where there is none. */
export interface AzureAddresses {
  readonly AZURITE_URL?: string
}

/** The account that every Azurite has; its key is public. */
const AZURITE_ACCOUNT = 'devstoreaccount1'
const AZURITE_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

let containers = 0

/** @returns A fresh container of Azurite */
async function openAzureContainer(endpoint: string): Promise<BlobStore> {
  const container = `laws-${Date.now().toString(36)}-${++containers}`
  const client = createAzureClient({
    account: AZURITE_ACCOUNT,
    endpoint: new URL(endpoint),
    container,
    identity: { key: decodeBase64(AZURITE_KEY) ?? new Uint8Array() },
    http: createHttpClient({}),
    clock: systemClock,
  })
  const query = { restype: 'container' }
  await client.ask({ method: 'PUT', query }, new AbortController().signal)
  return azureBlob({ account: AZURITE_ACCOUNT, accountKey: AZURITE_KEY, endpoint }).bucket(
    container,
  )
}

/** The laws on Azurite, where it is there. */
export function azurePeerSuites({ AZURITE_URL = '' }: AzureAddresses): readonly Suite[] {
  if (AZURITE_URL === '') return []
  return [
    suite(
      'BlobStore',
      'azure-blob (Azurite)',
      blobStoreLaws,
      {
        open: () => openAzureContainer(AZURITE_URL),
        openTwo: async () =>
          [await openAzureContainer(AZURITE_URL), await openAzureContainer(AZURITE_URL)] as const,
      },
      {
        utf8Order: 'Azurite orders as JavaScript does',
        listUploads: 'Azure does not list blocks that belong to no blob yet',
        abortUploads: 'Azure drops the blocks of an upload by itself, after a week',
      },
    ),
    sessionSuite('azure-blob (Azurite)', () => openAzureContainer(AZURITE_URL), 4000),
  ]
}
