import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { readCertificates } from '../../../primitives/x509.ts'
import { digicertRoots } from './paypal/digicert-roots.ts'
import { amazonRoots } from './sns/amazon-roots.ts'

const YEAR_MS = 31_536_000_000

/** Mozilla's root store as the Node that runs the tests carries it. */
const store = tls.rootCertificates.flatMap((pem) => readCertificates(pem) ?? [])

test.each([
  ['digicertRoots()', digicertRoots()],
  ['amazonRoots()', amazonRoots()],
])("%s are in Mozilla's store, end when it says, and not within a year", (_name, roots) => {
  expect(roots).toHaveLength(4)
  for (const { subject, publicKey, notAfter = 0 } of roots) {
    const same = store.find((one) => one.subject === subject)
    // Where one is missing, it was taken out: look for what the vendor's certificates come from
    // now.
    expect(same, Buffer.from(subject, 'hex').toString('latin1')).toBeDefined()
    expect(Buffer.from(publicKey)).toEqual(Buffer.from(same?.publicKey ?? []))
    expect(notAfter).toBe(same?.notAfter)
    expect(same?.isAuthority).toBe(true)
    expect(notAfter - Date.now()).toBeGreaterThan(YEAR_MS)
  }
})

test('readCertificates() reads what Mozilla trusts, as Node does', () => {
  for (const pem of tls.rootCertificates) {
    const oracle = new X509Certificate(pem)
    const [certificate] = readCertificates(pem) ?? []
    expect(certificate?.isAuthority, oracle.subject).toBe(true)
    expect(certificate?.notAfter, oracle.subject).toBe(Date.parse(oracle.validTo))
  }
})
