import { issueCertificate } from '../test-certificates.ts'

/** What a TLS server on this machine needs. */
export interface TlsIdentity {
  /** PKCS #8 in PEM. */
  readonly key: string
  /** In PEM; clients trust it as their only authority. */
  readonly cert: string
}

/** Makes an identity for `localhost`. */
export async function createTlsIdentity(): Promise<TlsIdentity> {
  const certificate = await issueCertificate({
    name: 'localhost',
    isAuthority: true,
    maySign: false,
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', certificate.keys.privateKey)
  const base64 = Buffer.from(pkcs8)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n')
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`,
    cert: certificate.pem,
  }
}
