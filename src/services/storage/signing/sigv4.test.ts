import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { signAwsRequest } from './sign-aws-request.ts'
import {
  ALGORITHM,
  canonicalText,
  createAwsSigner,
  queryOf,
  scopeOf,
  signedHeadersOf,
  stringToSign,
} from './sigv4.ts'

type Case = Readonly<Record<string, string>>

interface Context {
  readonly credentials: {
    readonly access_key_id: string
    readonly secret_access_key: string
    readonly token?: string
  }
  readonly expiration_in_seconds: number
  readonly normalize: boolean
  readonly region: string
  readonly service: string
  readonly sign_body: boolean
  readonly timestamp: string
  readonly omit_session_token?: boolean
}

const suite = new URL('../../../../../shared/vendor-specs/aws-sigv4-suite.json', import.meta.url)
const cases: readonly [string, Case][] = existsSync(suite)
  ? Object.entries(JSON.parse(readFileSync(suite, 'utf8')) as Record<string, Case>)
  : []

/** A request as text, split as it is signed. */
function parsed(text: string) {
  const [head = '', body = ''] = text.split('\n\n')
  const [line = '', ...rest] = head
    .replace(/\n[ \t]+/g, ' ')
    .trimEnd()
    .split('\n')
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? []
  const mark = target.indexOf('?')
  const headers: Record<string, string> = {}
  for (const header of rest) {
    const [, name = '', value = ''] = /^([^:]+):(.*)$/.exec(header) ?? []
    const key = name.toLowerCase()
    headers[key] = key in headers ? `${headers[key]},${value.trim()}` : value.trim()
  }
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: (mark === -1 ? [] : target.slice(mark + 1).split('&')).map((pair): [string, string] => {
      const [name = '', value = ''] = pair.split('=')
      return [decodeURIComponent(name), decodeURIComponent(value)]
    }),
    headers,
    body,
  }
}

test.skipIf(cases.length === 0).for(cases)('AWS suite: %s', ([, files]) => {
  const context = JSON.parse(files['context.json'] ?? '') as Context
  const {
    token,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
  } = context.credentials
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(token !== undefined && context.omit_session_token !== true && { sessionToken: token }),
  }
  const { region, service, normalize, sign_body: sendHash } = context
  const now = Date.parse(context.timestamp)
  const request = parsed(files['request.txt'] ?? '')
  const { canonical, headers } = signAwsRequest(request, {
    credentials,
    region,
    service,
    now,
    normalize,
    sendHash,
  })
  const scope = { amzDate: headers['x-amz-date'] ?? '', region, service }
  expect(canonicalText(canonical)).toBe(files['header-canonical-request.txt'])
  expect(stringToSign(canonical, scope)).toBe(files['header-string-to-sign.txt'])
  expect(headers['authorization']).toMatch(
    new RegExp(`Signature=${files['header-signature.txt']}$`),
  )

  const inQuery = {
    ...canonical,
    query: queryOf([
      ...request.query,
      ['X-Amz-Algorithm', ALGORITHM],
      ['X-Amz-Credential', `${accessKeyId}/${scopeOf(scope)}`],
      ['X-Amz-Date', scope.amzDate],
      ['X-Amz-Expires', String(context.expiration_in_seconds)],
      ['X-Amz-Security-Token', credentials.sessionToken],
      ['X-Amz-SignedHeaders', signedHeadersOf(request.headers)],
    ]),
    headers: request.headers,
  }
  expect(canonicalText(inQuery)).toBe(files['query-canonical-request.txt'])
  expect(createAwsSigner(secretAccessKey)(inQuery, scope)).toBe(files['query-signature.txt'])
})

test('the AWS suite has 38 cases, where it is there', () => {
  expect([0, 38]).toContain(cases.length)
})

test('queryOf() orders by names, then by values', () => {
  expect(
    queryOf([
      ['a-b', '1'],
      ['a', '2'],
      ['a', '10'],
      ['A', 'x y'],
      ['none', undefined],
    ]),
  ).toBe('A=x%20y&a=10&a=2&a-b=1')
})
