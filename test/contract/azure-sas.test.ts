import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
  type UserDelegationKey as OfficialKey,
} from '@azure/storage-blob'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64 } from '../../src/primitives/base64.ts'
import { signSas } from '../../src/services/storage/providers/azure-blob/azure-sas.ts'

/** The official client signs what we sign. */
const KEY = Buffer.from('a key of an account, for tests alone').toString('base64')
const accountKey = decodeBase64(KEY) ?? new Uint8Array()
const VERSION = '2023-11-03'

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const override = fc.option(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), {
  nil: undefined,
})
const expiresAt = fc
  .integer({ min: 1_700_000_000, max: 4_000_000_000 })
  .map((seconds) => seconds * 1000)

test('signSas() makes the service SAS of the official client', () => {
  fc.assert(
    fc.property(
      key,
      fc.constantFrom('r', 'c', 'cw', 'd'),
      expiresAt,
      fc.boolean(),
      override,
      override,
      override,
      (name, permissions, end, httpsOnly, contentType, contentDisposition, cacheControl) => {
        const official = generateBlobSASQueryParameters(
          {
            containerName: 'files',
            blobName: name,
            permissions: BlobSASPermissions.parse(permissions),
            expiresOn: new Date(end),
            protocol: httpsOnly ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
            version: VERSION,
            ...(contentType !== undefined && { contentType }),
            ...(contentDisposition !== undefined && { contentDisposition }),
            ...(cacheControl !== undefined && { cacheControl }),
          },
          new StorageSharedKeyCredential('account', KEY),
        )
        const ours = signSas(
          {
            account: 'account',
            container: 'files',
            key: name,
            permissions,
            expiresAt: end,
            httpsOnly,
            contentType,
            contentDisposition,
            cacheControl,
          },
          { accountKey },
        )
        expect(sorted(ours)).toEqual(sorted(official.toString()))
      },
    ),
  )
})

test('signSas() makes the user delegation SAS of the official client', () => {
  fc.assert(
    fc.property(key, expiresAt, (name, end) => {
      const start = new Date('2026-01-01T00:00:00Z')
      const official: OfficialKey = {
        signedObjectId: 'object-id',
        signedTenantId: 'tenant-id',
        signedStartsOn: start,
        signedExpiresOn: new Date('2026-01-02T00:00:00Z'),
        signedService: 'b',
        signedVersion: VERSION,
        value: KEY,
      }
      const theirs = generateBlobSASQueryParameters(
        {
          containerName: 'files',
          blobName: name,
          permissions: BlobSASPermissions.parse('r'),
          expiresOn: new Date(end),
          protocol: SASProtocol.Https,
          version: VERSION,
        },
        official,
        'account',
      )
      const ours = signSas(
        {
          account: 'account',
          container: 'files',
          key: name,
          permissions: 'r',
          expiresAt: end,
          httpsOnly: true,
        },
        {
          signedOid: 'object-id',
          signedTid: 'tenant-id',
          signedStart: '2026-01-01T00:00:00Z',
          signedExpiry: '2026-01-02T00:00:00Z',
          signedService: 'b',
          signedVersion: VERSION,
          value: accountKey,
        },
      )
      expect(sorted(ours)).toEqual(sorted(theirs.toString()))
    }),
  )
})

function sorted(query: string): readonly string[] {
  return [...new URLSearchParams(query)].map((pair) => pair.join('=')).toSorted()
}
