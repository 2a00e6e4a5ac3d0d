import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { issueCertificate } from '../../test/support/test-certificates.ts'
import { isTrustedChain } from './certificate-chain.ts'
import { readDer } from './der.ts'
import { readEcdsaSignature } from './ecdsa.ts'
import { readCertificate, readCertificates } from './x509.ts'

const root = await issueCertificate({ name: 'Root', isAuthority: true })
const leaf = await issueCertificate({ name: 'leaf.example.com', issuer: root, keys: root.keys })

test('readCertificate() reads what Node reads', () => {
  for (const { pem, der } of [root, leaf]) {
    const oracle = new X509Certificate(pem)
    const certificate = readCertificate(der)
    expect(certificate).toMatchObject({
      commonName: oracle.subject.replace('CN=', ''),
      isAuthority: oracle.ca,
      notBefore: Date.parse(oracle.validFrom),
      notAfter: Date.parse(oracle.validTo),
      hasUnknownDemands: false,
      pathLength: Infinity,
    })
    expect(Buffer.from(certificate?.publicKey ?? [])).toEqual(
      oracle.publicKey.export({ type: 'spki', format: 'der' }),
    )
  }
})

test('readCertificate() and isTrustedChain() trust no certificate of which a byte was changed, and never throw', async () => {
  const [anchor] = readCertificates(root.pem) ?? []
  const now = Date.UTC(2026, 0, 1)
  expect(await isTrustedChain(readCertificates(leaf.pem) ?? [], anchor ? [anchor] : [], now)).toBe(
    true,
  )
  const position = fc.nat({ max: leaf.der.length - 1 })
  await fc.assert(
    fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const certificate = readCertificate(
        leaf.der.map((byte, i) => (i === at ? byte ^ flip : byte)),
      )
      const chain = certificate === null ? [] : [certificate]
      expect(await isTrustedChain(chain, anchor ? [anchor] : [], now)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('readCertificate() refuses a signature that is not whole bytes', () => {
  const signatureBytes = 256
  const at = leaf.der.length - signatureBytes - 1
  expect(leaf.der[at]).toBe(0)
  expect(readCertificate(leaf.der.with(at, 1))).toBeNull()
})

test('readDer(), readCertificates() and readEcdsaSignature() never throw, whatever they are given', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => new Uint8Array(array))
  fc.assert(
    fc.property(bytes, (given) => {
      readDer(given)
      readCertificate(new Uint8Array([0x30, given.length, ...given]))
      readEcdsaSignature(new Uint8Array([0x30, given.length, ...given]), 32)
      readCertificates(`-----BEGIN CERTIFICATE-----${given}-----END CERTIFICATE-----`)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['an indefinite length', [0x30, 0x80, 0, 0]],
  ['a long form that a short one could say', [0x30, 0x81, 0x01, 0]],
  ['more content than there is', [0x30, 0x05, 0]],
  ['a length of five bytes', [0x30, 0x85, 0, 0, 0, 0, 1, 0]],
  ['a tag of several bytes', [0x3f, 0x81, 0x01, 0]],
])('readDer() refuses %s', (_what, bytes) => {
  expect(readDer(new Uint8Array(bytes))).toBeNull()
})

test.each([
  ['a negative number', [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
  ['a needless zero', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
  ['an empty number', [0x30, 5, 2, 0, 2, 1, 1]],
  ['three numbers', [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
  ['bytes behind it', [0x30, 6, 2, 1, 1, 2, 1, 1, 0x30, 0]],
  ['a number of 33 bytes', [0x30, 38, 2, 33, ...Array<number>(33).fill(1), 2, 1, 1]],
])('readEcdsaSignature() refuses %s', (_what, bytes) => {
  expect(readEcdsaSignature(new Uint8Array(bytes), 32)).toBeNull()
})

const store = '/etc/ssl/certs'

test.skipIf(!existsSync(store))(
  'readCertificates() reads the roots that this system trusts',
  () => {
    const files = readdirSync(store).filter((file) => file.endsWith('.pem'))
    for (const file of files) {
      const pem = readFileSync(join(store, file), 'utf8')
      const [certificate] = readCertificates(pem) ?? []
      expect(certificate, file).toMatchObject({ isAuthority: true, hasUnknownDemands: false })
      expect(certificate?.notAfter, file).toBe(Date.parse(new X509Certificate(pem).validTo))
    }
  },
)
