import { encodeBase64 } from '../../../../primitives/base64.ts'
import { createHmacSha256 } from '../../../../primitives/hmac-sha256.ts'
import { percentEncode } from '../../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { AZURE_VERSION } from './azure-client.ts'

/** A key that Entra ID stands for, see "Get User Delegation Key". */
export interface UserDelegationKey {
  readonly signedOid: string
  readonly signedTid: string
  readonly signedStart: string
  readonly signedExpiry: string
  readonly signedService: string
  readonly signedVersion: string
  readonly value: Uint8Array<ArrayBuffer>
}

/** What a shared access signature allows. */
export interface SasTerms {
  readonly account: string
  readonly container: string
  readonly key: string
  /** Letters in the order of the documentation: `r`, `c`, `w`, `d`. */
  readonly permissions: string
  /** ms since 1970; default: at once. */
  readonly startsAt?: number
  readonly expiresAt: number
  readonly httpsOnly: boolean
  readonly cacheControl?: string | undefined
  readonly contentDisposition?: string | undefined
  readonly contentType?: string | undefined
}

/** @returns The query of a service SAS, or of a user delegation SAS, for one blob */
export function signSas(
  terms: SasTerms,
  by: { readonly accountKey: Uint8Array<ArrayBuffer> } | UserDelegationKey,
): string {
  const { account, container, key, permissions, httpsOnly } = terms
  const start = terms.startsAt === undefined ? '' : instant(terms.startsAt)
  const expiry = instant(terms.expiresAt)
  const protocol = httpsOnly ? 'https' : 'https,http'
  const answered = [
    ['rscc', terms.cacheControl],
    ['rscd', terms.contentDisposition],
    ['rsce', undefined],
    ['rscl', undefined],
    ['rsct', terms.contentType],
  ] as const
  const delegated = 'accountKey' in by ? null : by
  const who =
    delegated === null
      ? ['']
      : [
          delegated.signedOid,
          delegated.signedTid,
          delegated.signedStart,
          delegated.signedExpiry,
          delegated.signedService,
          delegated.signedVersion,
          '',
          '',
          '',
        ]
  const text = [
    permissions,
    start,
    expiry,
    `/blob/${account}/${container}/${key}`,
    ...who,
    '',
    protocol,
    AZURE_VERSION,
    'b',
    '',
    '',
    ...answered.map(([, value]) => value ?? ''),
  ].join('\n')
  const secret = 'accountKey' in by ? by.accountKey : by.value
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['sv', AZURE_VERSION],
    ['spr', protocol],
    ['st', start || undefined],
    ['se', expiry],
    ['sr', 'b'],
    ['sp', permissions],
    ['skoid', delegated?.signedOid],
    ['sktid', delegated?.signedTid],
    ['skt', delegated?.signedStart],
    ['ske', delegated?.signedExpiry],
    ['sks', delegated?.signedService],
    ['skv', delegated?.signedVersion],
    ...answered,
    ['sig', encodeBase64(createHmacSha256(secret)(encodeUtf8(text)))],
  ]
  return pairs
    .flatMap(([name, value]) => (value === undefined ? [] : `${name}=${percentEncode(value)}`))
    .join('&')
}

/** @returns `2026-11-29T12:00:00Z` */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
