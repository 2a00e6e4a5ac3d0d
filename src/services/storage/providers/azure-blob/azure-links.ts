import { decodeBase64 } from '../../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import type { HttpClient } from '../../http/http-client.ts'
import { xmlValue } from '../../http/read-xml.ts'
import { StorageError } from '../../storage-error.ts'
import { AZURE_VERSION, type AzureClient, type AzureIdentity } from './azure-client.ts'
import { azureError } from './azure-errors.ts'
import { metadataHeaders } from './azure-driver.ts'
import { instant, signSas, type UserDelegationKey } from './azure-sas.ts'

/** What {@link createAzureLinks} works with. */
export interface AzureLinksOptions {
  readonly client: AzureClient
  readonly account: string
  readonly container: string
  readonly identity: AzureIdentity
  readonly endpoint: URL
  readonly http: HttpClient
}

const PERMISSIONS = { GET: 'r', HEAD: 'r', PUT: 'cw', DELETE: 'd' } as const
const DAY_MS = 86_400_000

/** Requests that others may send, by a shared access signature. */
export function createAzureLinks(options: AzureLinksOptions): Pick<BlobDriver, 'presign'> {
  const { client, account, container, identity, endpoint } = options
  if ('sas' in identity) return {}
  let delegated: { readonly key: UserDelegationKey; readonly until: number } | undefined

  async function delegationKey(from: number, until: number): Promise<UserDelegationKey> {
    if (delegated !== undefined && delegated.until >= until) return delegated.key
    // Asked for a day more than is needed, so that it serves the next ones too; a week is the most.
    const end = Math.min(Math.max(until, from + DAY_MS), from + 7 * DAY_MS)
    if (end < until)
      throw new StorageError('unsupported', 'Cannot presign request: with a token at most 7 days')
    delegated = { key: await askForKey(options, from, end), until: end }
    return delegated.key
  }

  return {
    async presign(key, asked) {
      const { method, signedAt, expiresInMs, contentType, contentDisposition, cacheControl } = asked
      const { contentLength, ifNoneMatch, metadata, versionId } = asked
      if (contentLength !== undefined || versionId !== undefined)
        throw new StorageError(
          'unsupported',
          'Cannot presign request: Azure checks neither a length nor a version in it',
        )
      const expiresAt = signedAt + expiresInMs
      const by =
        'key' in identity ? { accountKey: identity.key } : await delegationKey(signedAt, expiresAt)
      const writes = method === 'PUT'
      const sas = signSas(
        {
          account,
          container,
          key,
          // Without the right to write, an object that is there stays.
          permissions: writes && ifNoneMatch !== undefined ? 'c' : PERMISSIONS[method],
          expiresAt,
          httpsOnly: endpoint.protocol === 'https:',
          ...(!writes && { cacheControl, contentDisposition, contentType }),
        },
        by,
      )
      const headers: Record<string, string> = writes
        ? {
            'x-ms-blob-type': 'BlockBlob',
            ...(contentType !== undefined && { 'x-ms-blob-content-type': contentType }),
            ...(contentDisposition !== undefined && {
              'x-ms-blob-content-disposition': contentDisposition,
            }),
            ...(cacheControl !== undefined && { 'x-ms-blob-cache-control': cacheControl }),
            ...(metadata && metadataHeaders({ metadata })),
          }
        : {}
      return { method, url: `${client.urlOf(key)}?${sas}`, headers, expiresAt }
    },
  }
}

/** Asks Entra ID's side of the account for a key to sign with. */
async function askForKey(
  { identity, endpoint, http }: AzureLinksOptions,
  from: number,
  until: number,
): Promise<UserDelegationKey> {
  const token = 'token' in identity ? await identity.token() : ''
  const root = endpoint.href.replace(/\/$/, '')
  const never = new AbortController().signal
  const response = await http.send(
    {
      method: 'POST',
      url: `${root}/?restype=service&comp=userdelegationkey`,
      headers: { authorization: `Bearer ${token}`, 'x-ms-version': AZURE_VERSION },
      body: encodeUtf8(
        `<KeyInfo><Start>${instant(from)}</Start><Expiry>${instant(until)}</Expiry></KeyInfo>`,
      ),
    },
    never,
  )
  const text = await http.read(response, never)
  if (!response.ok) throw azureError(response, from)
  const of = (tag: string): string => xmlValue(text, tag) ?? ''
  const value = decodeBase64(of('Value'))
  if (value === null || value.length === 0)
    throw new StorageError('failed', 'Cannot presign request: Azure gave no key to sign with')
  return {
    signedOid: of('SignedOid'),
    signedTid: of('SignedTid'),
    signedStart: of('SignedStart'),
    signedExpiry: of('SignedExpiry'),
    signedService: of('SignedService'),
    signedVersion: of('SignedVersion'),
    value,
  }
}
