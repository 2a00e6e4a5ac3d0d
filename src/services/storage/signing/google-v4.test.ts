import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../../primitives/base64.ts'
import { decodeHex } from '../../../primitives/hex.ts'
import { percentEncodePath } from '../../../primitives/percent.ts'
import { verifyRsa } from '../../../primitives/rsa.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { googlePolicyTexts, googleV4Texts } from './google-v4.ts'

/** The public half of the key that Google's vectors are signed with. */
const PUBLIC_KEY =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArD8zIqyKLbX0Nq8o0Jj1qHEhHhqO3+0OP7TEFx5Vxc6P' +
  'dwBoFNrfnJRI/S+ZaDYS1avr5Pqpp8g8+UNOMvI1VsjGM8xjTaxkVv8mmKp6pSmQstTt25pzY1exA2wv4xNWSwWN' +
  'FNx2kh35+kvTQ/DF3YA9P7pUU1sKur1PP8OoubWLFO59iy5UE5dX0O/3pjvZ2HAhSXsx2VWtB5nlrHR8FrKJNLJM' +
  'EGEDSMz9yRfQaUeYCU9oDYHuiqKQ3rCXi6C82l+3FJw5/ggJ5y7iw8MErCFSslcYQRbBVz6ZYKWkEcJhs8BG3/16' +
  'bfaqNusNlDIJ99I7DmipUngF/HEulYhfrQIDAQAB'
const EMAIL = 'test-iam-credentials@dummy-project-id.iam.gserviceaccount.com'

interface UrlCase {
  readonly description: string
  readonly bucket: string
  readonly object?: string
  readonly method: string
  readonly expiration: number
  readonly timestamp: string
  readonly scheme?: string
  readonly headers?: Record<string, string>
  readonly queryParameters?: Record<string, string>
  readonly urlStyle?: string
  readonly bucketBoundHostname?: string
  readonly hostname?: string
  readonly clientEndpoint?: string
  readonly emulatorHostname?: string
  readonly universeDomain?: string
  readonly expectedUrl: string
  readonly expectedCanonicalRequest: string
  readonly expectedStringToSign: string
}

interface PolicyCase {
  readonly description: string
  readonly policyInput: {
    readonly bucket: string
    readonly object: string
    readonly expiration: number
    readonly timestamp: string
    readonly conditions?: {
      readonly startsWith?: [string, string]
      readonly contentLengthRange?: [number, number]
    }
    readonly fields?: Record<string, string>
  }
  readonly policyOutput: { readonly fields: Record<string, string> }
}

const file = new URL('../../../../../shared/vendor-specs/gcs-v4-signatures.json', import.meta.url)
const vectors: { signingV4Tests: UrlCase[]; postPolicyV4Tests: PolicyCase[] } = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as never)
  : { signingV4Tests: [], postPolicyV4Tests: [] }

test('the vectors are all there, or none of them', () => {
  const { signingV4Tests, postPolicyV4Tests } = vectors
  expect([
    [0, 0],
    [29, 11],
  ]).toContainEqual([signingV4Tests.length, postPolicyV4Tests.length])
})

test.skipIf(vectors.signingV4Tests.length === 0).for(vectors.signingV4Tests)(
  'Google signs: $description',
  async (vector) => {
    const path = vector.object === undefined ? '' : `/${percentEncodePath(vector.object)}`
    const origin = originOf(vector)
    const inHost = vector.urlStyle !== undefined
    const { url, canonical, toSign } = googleV4Texts({
      method: vector.method,
      origin,
      path: inHost ? path : `/${vector.bucket}${path}`,
      query: vector.queryParameters ?? {},
      headers: vector.headers ?? {},
      email: EMAIL,
      signedAt: Date.parse(vector.timestamp),
      expiresInSeconds: vector.expiration,
    })
    // One vector's canonical request is not the one that its own text to sign was made of.
    if (vector.description !== 'Universe domain with virtual hosted style')
      expect(canonical).toBe(vector.expectedCanonicalRequest)
    expect(toSign).toBe(vector.expectedStringToSign)
    const [expectedUrl = '', signature = ''] = vector.expectedUrl.split('&X-Goog-Signature=')
    expect(url).toBe(expectedUrl)
    expect(await signs(signature, toSign)).toBe(true)
  },
)

test.skipIf(vectors.postPolicyV4Tests.length === 0).for(vectors.postPolicyV4Tests)(
  'Google signs: $description',
  async ({ policyInput, policyOutput }) => {
    const { bucket, object: key, expiration, timestamp, conditions = {}, fields = {} } = policyInput
    const signedAt = Date.parse(timestamp)
    const made = googlePolicyTexts({
      bucket,
      key,
      fields,
      conditions: [
        ...(conditions.startsWith ? [['starts-with', ...conditions.startsWith]] : []),
        ...(conditions.contentLengthRange
          ? [['content-length-range', ...conditions.contentLengthRange]]
          : []),
      ],
      email: EMAIL,
      signedAt,
      expiresAt: signedAt + expiration * 1000,
    })
    const { policy = '', 'x-goog-signature': signature = '', ...rest } = policyOutput.fields
    expect(encodeBase64(encodeUtf8(made.policy))).toBe(policy)
    expect(made.fields).toEqual(rest)
    expect(await signs(signature, policy)).toBe(true)
  },
)

function originOf(vector: UrlCase): string {
  const { scheme = 'https', bucket, urlStyle, hostname, clientEndpoint, emulatorHostname } = vector
  const domain = `storage.${vector.universeDomain ?? 'googleapis.com'}`
  if (urlStyle === 'VIRTUAL_HOSTED_STYLE') return `${scheme}://${bucket}.${domain}`
  if (urlStyle !== undefined) return `${scheme}://${vector.bucketBoundHostname}`
  const host = hostname ?? clientEndpoint ?? emulatorHostname ?? domain
  return host.includes('://') ? host : `${scheme}://${host}`
}

async function signs(signature: string, text: string): Promise<boolean> {
  const key = decodeBase64(PUBLIC_KEY) ?? new Uint8Array()
  return verifyRsa(key, 'SHA-256', decodeHex(signature) ?? new Uint8Array(), encodeUtf8(text))
}
