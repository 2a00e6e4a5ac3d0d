import { encodeHex } from '../../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { checkCredential } from './check-credential.ts'

/** Who sends through AWS, and in which of its regions. */
export interface AwsAccount {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** For temporary credentials. */
  readonly sessionToken?: string
  /** As `eu-west-1`. */
  readonly region: string
}

/** A POST that {@link signAwsRequest} signs. */
export interface AwsRequest {
  /** Its path holds nothing that would have to be escaped, and it has no query. */
  readonly url: string
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly service: string
  /** ms since 1970 */
  readonly now: number
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** @throws TypeError when something is absent, or no region of that name can be */
export function checkAwsAccount(action: string, account: AwsAccount): AwsAccount {
  const { accessKeyId, secretAccessKey, sessionToken, region } = account
  if (typeof region !== 'string' || !/^[a-z0-9-]{1,32}$/.test(region))
    throw new TypeError(`Cannot ${action}: region is no region of AWS, as in eu-west-1`)
  return {
    accessKeyId: checkCredential(action, 'accessKeyId', accessKeyId),
    secretAccessKey: checkCredential(action, 'secretAccessKey', secretAccessKey),
    ...(sessionToken !== undefined && {
      sessionToken: checkCredential(action, 'sessionToken', sessionToken),
    }),
    region,
  }
}

/**
 * Signs a request with AWS Signature Version 4.
 *
 * @returns The headers to send: those given, and those of the signature
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signAwsRequest(
  { accessKeyId, secretAccessKey, sessionToken, region }: AwsAccount,
  { url, headers, body, service, now }: AwsRequest,
): Promise<Readonly<Record<string, string>>> {
  const { host, pathname } = new URL(url)
  const time = new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
  const sent = {
    ...headers,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const signed = Object.entries({ ...sent, host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map((pair) => pair.join(':'))
  const request = ['POST', pathname, '', ...lines, '', names, await sha256(body)].join('\n')
  const scope = [time.slice(0, 8), region, service, 'aws4_request']
  const text = [ALGORITHM, time, scope.join('/'), await sha256(request)].join('\n')
  let key = encodeUtf8(`AWS4${secretAccessKey}`)
  for (const part of [...scope, text]) key = await hmac(key, part)
  const credential = `Credential=${accessKeyId}/${scope.join('/')}`
  return {
    ...sent,
    authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${encodeHex(key)}`,
  }
}

async function sha256(text: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text))))
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, encodeUtf8(text)))
}
